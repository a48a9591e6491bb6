namespace LuoInterop.Interop;

/// <summary>Declares of <c>include/uapi/linux/falloc.h</c> what is not taken from Tmds.LibC: modes of fallocate(2).</summary>
internal static class FallocHeader
{
    // Tmds.LibC has these as properties; here code chooses by them, which takes constants. A test holds both equal.
    public const int FALLOC_FL_KEEP_SIZE = 0x01;
    public const int FALLOC_FL_PUNCH_HOLE = 0x02;

    // Tmds.LibC lacks it.
    public const int FALLOC_FL_COLLAPSE_RANGE = 0x08;

    // Tmds.LibC lacks it.
    public const int FALLOC_FL_ZERO_RANGE = 0x10;

    // Tmds.LibC lacks it.
    public const int FALLOC_FL_INSERT_RANGE = 0x20;

    // Tmds.LibC lacks it.
    public const int FALLOC_FL_UNSHARE_RANGE = 0x40;

    // Tmds.LibC lacks it. Writes zeroes instead of marking extents unwritten. Since Linux 6.17.
    public const int FALLOC_FL_WRITE_ZEROES = 0x80;
}
