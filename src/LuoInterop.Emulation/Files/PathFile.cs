using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>A place in the file system, opened with O_PATH: it can be closed, duplicated and asked for its status only.</summary>
internal sealed class PathFile : OpenFile
{
    private readonly FileStatus _status;

    public PathFile(string path, FileStatus status)
    {
        LinkText = path;
        _status = status;
        Flags = LibC.O_PATH;
    }

    public override string LinkText { get; }

    public override int ChangeMode(uint mode) => Refused.EBADF;

    public override FileStatus Status() => _status;
}
