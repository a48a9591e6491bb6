namespace LuoInterop.MemoryImages.Interop;

/// <summary>Declares of <c>include/uapi/linux/fs.h</c> what neither Tmds.LibC nor .NET has: places that lseek(2) finds.</summary>
internal static class FsHeader
{
    public const int SEEK_DATA = 3;
    public const int SEEK_HOLE = 4;
}
