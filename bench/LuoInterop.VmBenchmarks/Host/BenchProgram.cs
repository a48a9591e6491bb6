using System.Runtime.InteropServices;
using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Is the host's side: runs the VMs and writes what they measured.</summary>
internal static class BenchProgram
{
    private const int Interrupted = 130;

    public static async Task<int> RunAsync(IReadOnlyList<string> words)
    {
        BenchOptions options;
        try
        {
            options = BenchOptions.Parse(words);
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message}\n{BenchOptions.Usage}");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = Stop(PosixSignal.SIGINT, stop);
        using PosixSignalRegistration terminate = Stop(PosixSignal.SIGTERM, stop);
        try
        {
            BenchResults results = options.Again is { } file ? ResultFiles.Read(file) : await MeasureAsync(options, stop.Token);
            if (options.Out is not null || !options.Smoke)
            {
                ResultFiles.Write(options.Out ?? Path.Combine("bench", "results"), results);
            }

            Console.WriteLine(options.Smoke ? "everything was done once; nothing was measured" : ResultPage.Write(results));
            return 0;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("interrupted: the VM is gone, nothing was written");
            return Interrupted;
        }
        catch (Exception e) when (e is VmRunFailedException or VmSetupException or IOException or UnauthorizedAccessException
            or InvalidDataException)
        {
            await Console.Error.WriteLineAsync("luo-bench-vm: " + e.Message);
            return 1;
        }
    }

    private static async Task<BenchResults> MeasureAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        KernelBuild kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress, cancellationToken: cancellationToken);
        IReadOnlyList<CallResult> hostCalls = [.. BenchPlan.OnHost(options).SelectMany(cycle => BenchPlan.Measure(cycle, options))];
        IReadOnlyList<IWork> works = BenchPlan.LiveUpdate(options);
        RunRecord? live = works.Count == 0
            ? null
            : await VmRun.RunAsync(VmRun.Options(kernel, options, liveUpdate: true), works, options.ShowConsole, cancellationToken);
        works = BenchPlan.Disk(options);
        RunRecord? plain = works.Count == 0
            ? null
            : await RunWithDiskAsync(VmRun.Options(kernel, options, liveUpdate: false), works, options.ShowConsole, cancellationToken);
        return BenchResults.Of(options, hostCalls, live, plain);
    }

    private static async Task<RunRecord> RunWithDiskAsync(
        VmOptions options, IReadOnlyList<IWork> works, bool showConsole, CancellationToken cancellationToken)
    {
        string image = Path.Combine(Path.GetTempPath(), $"luo-bench-disk-{Guid.NewGuid():N}");
        try
        {
            await using (FileStream disk = File.Create(image))
            {
                disk.SetLength(works.OfType<DiskWork>().Max(static work => work.Bytes));
            }

            // The guest's O_DIRECT and flushes reach the host's page cache and disk: cache=writeback is what keeps a VM's data safe.
            return await VmRun.RunAsync(
                options with
                {
                    QemuArguments =
                    [
                        "-drive", $"file={image.Replace(",", ",,", StringComparison.Ordinal)},format=raw,if=none,id=bench,cache=writeback",
                        "-device", "virtio-blk-pci,drive=bench",
                    ],
                },
                works,
                showConsole,
                cancellationToken);
        }
        finally
        {
            File.Delete(image);
        }
    }

    private static PosixSignalRegistration Stop(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
}
