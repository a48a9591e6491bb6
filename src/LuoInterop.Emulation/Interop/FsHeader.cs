namespace LuoInterop.Emulation.Interop;

/// <summary>Declares of <c>include/uapi/linux/fs.h</c> what Tmds.LibC lacks: places that lseek(2) finds.</summary>
internal static class FsHeader
{
    // Tmds.LibC lacks it.
    public const int SEEK_DATA = 3;

    // Tmds.LibC lacks it.
    public const int SEEK_HOLE = 4;
}
