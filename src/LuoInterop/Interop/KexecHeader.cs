namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/kexec.h</c>, which Tmds.LibC lacks: flags of kexec_file_load(2).</summary>
internal static class KexecHeader
{
    public const uint KEXEC_FILE_UNLOAD = 0x00000001;
    public const uint KEXEC_FILE_ON_CRASH = 0x00000002;
    public const uint KEXEC_FILE_NO_INITRAMFS = 0x00000004;
    public const uint KEXEC_FILE_DEBUG = 0x00000008;
}
