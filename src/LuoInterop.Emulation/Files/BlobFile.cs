using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>An open file of debugfs, sysfs or procfs.</summary>
internal sealed class BlobFile : OpenFile
{
    private readonly string _path;
    private readonly KernelFileNode _node;
    private long _position;

    public BlobFile(string path, KernelFileNode node, int flags)
    {
        _path = path;
        _node = node;
        Flags = flags;
    }

    public override string LinkText => _path;

    public override nint Read(Span<byte> buffer)
    {
        nint done = PRead(buffer, _position);
        _position += Math.Max(done, 0);
        return done;
    }

    public override nint PRead(Span<byte> buffer, long offset)
    {
        if ((Flags & LibC.O_ACCMODE) == LibC.O_WRONLY)
        {
            return Refused.EBADF;
        }

        return offset < 0 ? Refused.EINVAL : _node.Read(offset, buffer);
    }

    public override nint Write(ReadOnlySpan<byte> buffer) =>
        (Flags & LibC.O_ACCMODE) == LibC.O_RDONLY ? Refused.EBADF : _node.Write(buffer);

    public override nint PWrite(ReadOnlySpan<byte> buffer, long offset) => Write(buffer);

    public override long Seek(long offset, SeekOrigin whence)
    {
        long position = whence switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => _node.Length + offset,
        };
        return position < 0 ? Refused.EINVAL : _position = position;
    }

    public override int ChangeMode(uint mode) => Refused.EPERM;

    public override FileStatus Status() => new(_node.FileSystemType, 0, 1, 1, _node.Mode, 0, 0, _node.Length, 0);

    protected override int AllocateOperation(EmulatedProcess process, int mode, long offset, long length) => Refused.EOPNOTSUPP;
}
