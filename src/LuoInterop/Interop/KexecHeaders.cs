namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/kexec.h</c>: flags of kexec_file_load(2).</summary>
internal static class KexecHeader
{
    public const uint KEXEC_FILE_UNLOAD = 0x00000001;
    public const uint KEXEC_FILE_ON_CRASH = 0x00000002;
    public const uint KEXEC_FILE_NO_INITRAMFS = 0x00000004;
    public const uint KEXEC_FILE_DEBUG = 0x00000008;
    public const uint KEXEC_FILE_NO_CMA = 0x00000010;
    public const uint KEXEC_FILE_FORCE_DTB = 0x00000020;
}

/// <summary>Declares <c>include/uapi/linux/reboot.h</c>: magics and commands of reboot(2).</summary>
internal static class RebootHeader
{
    public const uint LINUX_REBOOT_MAGIC1 = 0xfee1dead;
    public const uint LINUX_REBOOT_MAGIC2 = 672274793;
    public const uint LINUX_REBOOT_CMD_RESTART = 0x01234567;
    public const uint LINUX_REBOOT_CMD_POWER_OFF = 0x4321FEDC;
    public const uint LINUX_REBOOT_CMD_KEXEC = 0x45584543;
}
