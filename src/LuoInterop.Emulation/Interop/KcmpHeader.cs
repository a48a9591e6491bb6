namespace LuoInterop.Emulation.Interop;

/// <summary>Declares <c>include/uapi/linux/kcmp.h</c>, which Tmds.LibC lacks.</summary>
internal static class KcmpHeader
{
    // Tmds.LibC lacks it.
    public const int KCMP_FILE = 0;
}
