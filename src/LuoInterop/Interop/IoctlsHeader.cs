namespace LuoInterop.Interop;

/// <summary>Declares <c>asm/ioctls.h</c> and <c>linux/fs.h</c>: the requests that the kernel answers for every file.</summary>
internal static class IoctlsHeader
{
    // Tmds.LibC lacks it.
    public const uint FIGETBSZ = 2;

    // Tmds.LibC has these as properties; here code chooses by them, which takes constants. A test holds both equal.
    public const uint FIONBIO = 0x5421;
    public const uint FIONCLEX = 0x5450;
    public const uint FIOCLEX = 0x5451;
    public const uint FIOASYNC = 0x5452;
    public const uint FIOQSIZE = 0x5460;
}
