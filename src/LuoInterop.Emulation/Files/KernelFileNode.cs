using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>Gives the bytes of a file of debugfs, sysfs or procfs.</summary>
internal abstract class KernelFileNode
{
    public const long DebugFs = 0x64626720;
    public const long SysFs = 0x62656572;
    public const long ProcFs = 0x9fa0;

    /// <summary>Gets the magic number of the file system (linux/magic.h).</summary>
    public required long FileSystemType { get; init; }

    /// <summary>Gets the length in bytes that the status shows.</summary>
    public abstract long Length { get; }

    /// <summary>Gets the mode; as most, only root reads.</summary>
    public virtual uint Mode => (ushort)LibC.S_IFREG | 0x100u;

    /// <summary>Reads at an offset that is not negative: the number of bytes, or <c>-errno</c>.</summary>
    public abstract nint Read(long offset, Span<byte> buffer);

    /// <summary>Writes: the number of bytes, or <c>-errno</c>.</summary>
    public virtual nint Write(ReadOnlySpan<byte> buffer) => Refused.EINVAL;
}

/// <summary>Shows a blob of physical memory as it is at the time of reading (debugfs_create_blob).</summary>
internal sealed class BlobNode(PhysicalMemory memory, ulong address, int size) : KernelFileNode
{
    public override long Length => size;

    public override nint Read(long offset, Span<byte> buffer)
    {
        if (offset >= size)
        {
            return 0;
        }

        int length = (int)Math.Min(buffer.Length, size - offset);
        return memory.TryRead(address + (ulong)offset, buffer[..length]) ? length : Refused.EFAULT;
    }
}

/// <summary>Shows bytes that are made at the time of reading; like seq_file, the status has no length.</summary>
internal sealed class MadeNode(Func<byte[]> content) : KernelFileNode
{
    public MadeNode(Func<string> text)
        : this(() => System.Text.Encoding.UTF8.GetBytes(text()))
    {
    }

    public override long Length => 0;

    public override nint Read(long offset, Span<byte> buffer)
    {
        byte[] bytes = content();
        if (offset >= bytes.Length)
        {
            return 0;
        }

        int length = (int)Math.Min(buffer.Length, bytes.Length - offset);
        bytes.AsSpan((int)offset, length).CopyTo(buffer);
        return length;
    }
}
