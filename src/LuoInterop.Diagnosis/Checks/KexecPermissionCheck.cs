using System.Globalization;
using LuoInterop.Diagnosis.Interop;
using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Loading a kernel and starting it need CAP_SYS_BOOT.</summary>
internal static class KexecPermissionCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (!machine.Files.IsLive)
        {
            return Finding.NotLookedAt("A folder has no user who asks.");
        }

        string? line = machine.Files.Text("/proc/self/status")?.Split('\n').FirstOrDefault(
            static line => line.StartsWith("CapEff:", StringComparison.Ordinal));
        return line is null || !ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
            out ulong rights)
            ? Finding.Unknown("/proc/self/status does not tell the capabilities.", "See that procfs is mounted on /proc.")
            : (rights >> CapabilityHeader.CAP_SYS_BOOT & 1) != 0 ? Finding.Ok("This user may load and start kernels (CAP_SYS_BOOT).")
            : Finding.Warn(
                "This user may not load or start kernels (no CAP_SYS_BOOT).", "Preserving does not need it; let root do the kexec.");
    }
}
