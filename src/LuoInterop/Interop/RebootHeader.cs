namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/reboot.h</c>, which Tmds.LibC lacks: magics and commands of reboot(2).</summary>
internal static class RebootHeader
{
    public const uint LINUX_REBOOT_MAGIC1 = 0xfee1dead;
    public const uint LINUX_REBOOT_MAGIC2 = 672274793;
    public const uint LINUX_REBOOT_CMD_RESTART = 0x01234567;
    public const uint LINUX_REBOOT_CMD_POWER_OFF = 0x4321FEDC;
    public const uint LINUX_REBOOT_CMD_KEXEC = 0x45584543;
}
