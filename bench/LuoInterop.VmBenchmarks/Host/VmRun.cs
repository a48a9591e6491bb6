using System.Diagnostics;
using System.Globalization;
using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Runs works in one VM, says how far it is, and keeps what the works sent.</summary>
internal sealed class VmRun(bool showConsole)
{
    // The console's 6 shows notices: the kernel's last words are one.
    private static readonly string[] s_kernelWords = ["loglevel=6"];

    private readonly ConsoleClock _console = new();
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();

    /// <summary>Gives a VM with live update, or without.</summary>
    public static VmOptions Options(KernelBuild kernel, BenchOptions options, bool liveUpdate) => new()
    {
        Kernel = kernel,
        Command = [],
        MemoryMiB = options.MemoryMiB,
        LiveUpdate = liveUpdate,
        KexecHandover = liveUpdate,
        KernelCommandLine = s_kernelWords,
        TimeLimit = TimeSpan.FromHours(2),
        KernelTimeLimit = TimeSpan.FromMinutes(options.Smoke ? 3 : 10),

        // Calls are counted at once, not only when nothing new has been compiled for 100 ms.
        Environment = new Dictionary<string, string> { ["DOTNET_TC_CallCountingDelayMs"] = "0" },
    };

    /// <summary>Runs the works and judges the run.</summary>
    /// <exception cref="VmRunFailedException">The machine was lost or a work failed.</exception>
    public static async Task<RunRecord> RunAsync(
        VmOptions options, IReadOnlyList<IWork> works, bool showConsole, CancellationToken cancellationToken)
    {
        var run = new VmRun(showConsole);
        VmResult result = await VirtualMachine.RunAsync(
            options with
            {
                Command = [.. ThisProgram.Command, "--payload", WorkList.Format(works)],
                ExpectedKernels = works.Count + 1,
                Output = run.See,
            },
            cancellationToken);
        return result.Outcome == VmOutcome.Passed
            ? new RunRecord(works, result, run._console.Departures)
            : throw new VmRunFailedException(result.ToString());
    }

    private void See(VmOutputLine line)
    {
        bool console = line.Source == VmOutputSource.Console;
        if (console)
        {
            _console.See(line.Text);
        }

        if (!console || showConsole)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{_elapsed.Elapsed:mm\\:ss}] {line.Text}"));
        }
    }
}
