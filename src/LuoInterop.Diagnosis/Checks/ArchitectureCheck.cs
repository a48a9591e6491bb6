using System.Runtime.InteropServices;
using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO is there for x86-64 and arm64 only (ARCH_SUPPORTS_KEXEC_HANDOVER).</summary>
internal static class ArchitectureCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        string? name = machine.Files.Text("/proc/sys/kernel/arch") ?? (machine.Files.IsLive ? OfThisProcess() : null);
        return name switch
        {
            "x86_64" or "aarch64" => Finding.Ok($"{name} has KHO."),
            null => Finding.Unknown("proc/sys/kernel/arch is not there.", "Copy it too; KHO is there for x86_64 and aarch64."),
            _ => Finding.Fail($"{name} has no KHO.", "Live update needs x86_64 or aarch64."),
        };
    }

    private static string OfThisProcess() => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "x86_64",
        Architecture.Arm64 => "aarch64",
        var other => other.ToString(),
    };
}
