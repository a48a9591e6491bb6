using LuoInterop.VmTesting.Cache;
using LuoInterop.VmTesting.Initrd;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Runs one VM to its end.</summary>
internal static class MachineRun
{
    private static readonly TimeSpan s_drainLimit = TimeSpan.FromSeconds(20);

    internal static async Task<VmResult> RunAsync(VmOptions options, VmAccelerator accelerator, CancellationToken cancellationToken)
    {
        string cache = CacheFolder.Open(options.CacheFolder);
        string guest = NativeProgram.Guest(cache);
        string supervisor = NativeProgram.Supervisor(cache);
        uint? counterKhz = accelerator == VmAccelerator.Tcg
            ? await HostCounter.KhzAsync(cache, cancellationToken).ConfigureAwait(false)
            : null;
        byte[] runFile = PayloadFile.Create(options);
        using RunFolder folder = RunFolder.Create(options.TempFolder, options.KeepFolder);
        folder.Fill(
            options,
            InitrdImage.Create(await File.ReadAllBytesAsync(guest, cancellationToken).ConfigureAwait(false), options.FilesInMemory),
            guest,
            runFile);

        using PortListener console = new(folder.Socket(QemuCommand.ConsoleSocket));
        using PortListener init = new(folder.Socket(FrameFormat.InitPort));
        using PortListener report = new(folder.Socket(FrameFormat.ReportPort));
        using CancellationTokenSource noConnection = new();
        RunRecord record = new(options);
        VmLossCause? stopped = null;
        ProcessEnd end;
        Task[] streams = [];
        SupervisedProcess process = SupervisedProcess.Start(
            supervisor,
            options.KeepFolder ? null : folder.Path,
            QemuCommand.Create(options, accelerator, counterKhz, folder),
            record.SeeQemu);
        await using (process.ConfigureAwait(false))
        {
            streams =
            [
                console.PumpAsync(record.SeeConsole, noConnection.Token),
                init.ServeAsync(record.TakeInit, noConnection.Token),
                report.ServeAsync(record.TakeReport, noConnection.Token),
            ];
            try
            {
                int qemu = await process.Started.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (qemu != 0)
                {
                    options.Started?.Invoke(new VmProcess(qemu, process.SupervisorId, folder.Path));
                }

                stopped = await WatchAsync(options, record, process, streams, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                process.Kill();
                await process.End.WaitAsync(s_drainLimit, CancellationToken.None).ConfigureAwait(false);
                await noConnection.CancelAsync().ConfigureAwait(false);

                // No callback after the return, however the run ends; what the streams hold is judged below.
                await Task.WhenAll(streams).WaitAsync(s_drainLimit, CancellationToken.None)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            end = process.End.Result;
            stopped = await JudgeStreamsAsync(streams, stopped).ConfigureAwait(false);
        }

        VmResult result = record.Finish(VmLossCause.Judge(record, stopped, end), accelerator, options.KeepFolder ? folder.Path : null);
        if (options.KeepFolder)
        {
            folder.Keep(result);
        }

        return result;
    }

    /// <summary>Waits for QEMU's end, and ends the wait when the host has a reason to end QEMU: then gives that reason.</summary>
    private static async Task<VmLossCause?> WatchAsync(
        VmOptions options, RunRecord record, SupervisedProcess process, Task[] streams, CancellationToken cancellationToken)
    {
        List<Task> waiting = [.. streams];
        while (true)
        {
            TimeSpan left = Deadline(options, record, out VmLossCause? cause) - record.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                return cause;
            }

            // Announcements move the deadline: look again at least twice a second.
            TimeSpan pause = left < TimeSpan.FromMilliseconds(500) ? left : TimeSpan.FromMilliseconds(500);
            Task done = await Task.WhenAny([process.End, .. waiting, Task.Delay(pause, cancellationToken)]).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (done == process.End)
            {
                return null;
            }

            if (done.IsFaulted)
            {
                return Cause(done.Exception!.InnerException!);
            }

            waiting.Remove(done);
        }
    }

    private static TimeSpan Deadline(VmOptions options, RunRecord record, out VmLossCause? cause)
    {
        if (record.DoneAt is { } done)
        {
            cause = null;
            return done + options.PowerOffTimeLimit;
        }

        TimeSpan kernel = record.KernelStarted + options.KernelTimeLimit;
        bool whole = options.TimeLimit <= kernel;
        string what = whole ? $"The run is not over after {options.TimeLimit}" : $"A kernel is not done after {options.KernelTimeLimit}";
        cause =
            new VmLossCause(VmLostReason.TimeLimit, $"{what}; {record.KernelCount} of {options.ExpectedKernels} kernels were announced.");
        return whole ? options.TimeLimit : kernel;
    }

    /// <summary>Gives the first reason that one of the streams, all read to their end, has to end the run.</summary>
    private static async Task<VmLossCause?> JudgeStreamsAsync(Task[] streams, VmLossCause? stopped)
    {
        foreach (Task stream in streams)
        {
            try
            {
                await stream.WaitAsync(s_drainLimit).ConfigureAwait(false);
            }
            catch (Exception e) when (e is FrameException or RunEndedException)
            {
                stopped ??= Cause(e);
            }
        }

        return stopped;
    }

    // Anything else is a fault of the host, such as an exception of the caller's output callback: it is thrown as it is.
    private static VmLossCause Cause(Exception e)
    {
        switch (e)
        {
            case RunEndedException ended:
                return new VmLossCause(ended.Reason, ended.Message);
            case FrameException frame:
                return new VmLossCause(VmLostReason.BadFrame, $"The guest broke the protocol: {frame.Message}.");
            default:
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e);
                throw e;
        }
    }
}
