namespace LuoInterop.Interop;

/// <summary>Declares of <c>asm-generic/mman-common.h</c> what is not taken from Tmds.LibC: advice for a mapping.</summary>
internal static class MmanHeader
{
    // Tmds.LibC has it as a property; here code chooses by it, which takes a constant. A test holds both equal.
    public const int MADV_REMOVE = 9;

    // Tmds.LibC lacks it. Since Linux 5.14.
    public const int MADV_POPULATE_READ = 22;

    // Tmds.LibC lacks it. Since Linux 5.14.
    public const int MADV_POPULATE_WRITE = 23;
}
