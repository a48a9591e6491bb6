using System.ComponentModel;
using System.Diagnostics;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Finds QEMU.</summary>
internal static class QemuProgram
{
    /// <summary>Gives the full path of a program that is a path or a name on the PATH.</summary>
    internal static string Find(string program)
    {
        IEnumerable<string> candidates = program.Contains('/', StringComparison.Ordinal)
            ? [Path.GetFullPath(program)]
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, program));
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new VmSetupException($"{program} is not installed: apt-get install qemu-system-x86");
    }

    /// <summary>Gives the first line of what QEMU says of its version.</summary>
    internal static async Task<string> VersionAsync(string program, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(program, ["--version"]) { RedirectStandardOutput = true };
        using Process qemu = Start(start);
        string text = await qemu.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await qemu.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        return qemu.ExitCode == 0
            ? text.Split('\n')[0]
            : throw new VmSetupException($"{program} --version ended with status {qemu.ExitCode}.");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new VmSetupException($"{start.FileName} gave no process.");
        }
        catch (Win32Exception e)
        {
            throw new VmSetupException($"{start.FileName} could not be started: {e.Message}", e);
        }
    }
}
