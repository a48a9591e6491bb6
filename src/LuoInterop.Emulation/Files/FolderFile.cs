using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>An open folder of debugfs. Its names come from <c>ReadDirectory</c>.</summary>
internal sealed class FolderFile : OpenFile
{
    private static uint Folder => (ushort)LibC.S_IFDIR | 0x1edu;

    public FolderFile(string path, int flags)
    {
        LinkText = path;
        Flags = flags & ~LibC.O_CLOEXEC;
    }

    public override string LinkText { get; }

    public override nint Read(Span<byte> buffer) => Refused.EISDIR;

    public override nint PRead(Span<byte> buffer, long offset) => Refused.EISDIR;

    public override nint Write(ReadOnlySpan<byte> buffer) => Refused.EBADF;

    public override nint PWrite(ReadOnlySpan<byte> buffer, long offset) => Refused.EBADF;

    public override int ChangeMode(uint mode) => Refused.EPERM;

    public override FileStatus Status() => new(KernelFileNode.DebugFs, 0, 1, 2, Folder, 0, 0, 0, 0);
}
