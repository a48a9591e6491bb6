using System.Diagnostics;
using System.Globalization;
using LuoInterop.VmTesting.Cache;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Tells the frequency of the host's time stamp counter, which is the guest's where QEMU translates.</summary>
internal static class HostCounter
{
    private static uint s_khz;

    /// <summary>Gives the frequency in kHz, measured once a process in a tenth of a second; null where the counter's rate varies.</summary>
    /// <remarks>
    /// QEMU's translation gives the guest the host's counter (cpu_get_ticks in its system/cpu-timers.c), but no way to ask how fast it
    /// is. The guest's kernel then measures it against an emulated timer, and on a busy host errs by a factor.
    /// </remarks>
    /// <exception cref="VmSetupException">The program that measures could not be compiled, or failed.</exception>
    internal static async Task<uint?> KhzAsync(string cache, CancellationToken cancellationToken)
    {
        uint khz = Volatile.Read(ref s_khz);
        if (khz == 0)
        {
            khz = await MeasureAsync(NativeProgram.Counter(cache), cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref s_khz, khz);
        }

        return khz == 0 ? null : khz;
    }

    private static async Task<uint> MeasureAsync(string program, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(new ProcessStartInfo(program) { RedirectStandardOutput = true })
            ?? throw new VmSetupException($"{program} gave no process.");
        string text = await process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        return process.ExitCode == 0 && uint.TryParse(text.TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out uint khz)
            ? khz
            : throw new VmSetupException($"{program} ended with status {process.ExitCode} and said '{text.TrimEnd()}'.");
    }
}
