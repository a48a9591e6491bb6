using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>A kernel that was started by a crash has KHO off, whatever its command line says.</summary>
internal static class BootCrashKernelCheck
{
    public static Finding Look(DiagnosedMachine machine) =>
        machine.CommandLine is null ? Finding.NotLookedAt("The command line is not shown.")
        : machine.Parameters.Any(static parameter => parameter.Is("elfcorehdr"))
            ? Finding.Fail(
                "elfcorehdr= is on the command line: this is a crash kernel, where KHO is off.", "Boot an ordinary kernel.")
        : Finding.Ok("This is no crash kernel.");
}
