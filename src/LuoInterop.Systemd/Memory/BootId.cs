namespace LuoInterop.Systemd.Memory;

/// <summary>Reads which boot of the machine this is: <c>/proc/sys/kernel/random/boot_id</c>, another after every kexec.</summary>
internal static class BootId
{
    private const string Path = "/proc/sys/kernel/random/boot_id";

    public static Guid Current { get; } = Guid.Parse(File.ReadAllText(Path).Trim());
}
