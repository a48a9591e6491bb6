using System.Diagnostics;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Is the end of the payload as init told it.</summary>
internal readonly record struct PayloadEnd(ExitKind Kind, int Number, string Text);

/// <summary>Tells that a frame, legal in itself, ends the run.</summary>
internal sealed class RunEndedException(VmLostReason reason, string message) : Exception(message)
{
    internal VmLostReason Reason { get; } = reason;
}

/// <summary>Collects what one run shows. Thread-safe: every member takes the same lock.</summary>
internal sealed class RunRecord
{
    private const int MaxEntries = 200_000;
    private const long MaxEntryBytes = 256L << 20;
    private const int MaxWarnings = 1000;
    private const int TailLines = 40;

    private readonly Lock _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly VmOptions _options;
    private readonly List<KernelBoot> _kernels = [];
    private readonly List<GuestReport> _reports = [];
    private readonly List<GuestValue> _values = [];
    private readonly List<GuestEvent> _events = [];
    private readonly List<string> _failures = [];
    private readonly FileCollector _files;
    private readonly Queue<string> _tail = new();
    private readonly TextLog _console;
    private readonly TextLog _output;
    private readonly TextLog _errors;
    private readonly TextLog _qemu;
    private readonly List<string> _warnings = [];
    private long _entryBytes;
    private TimeSpan _kernelStarted;
    private TimeSpan? _doneAt;
    private PayloadEnd? _end;
    private string? _panic;

    internal RunRecord(VmOptions options)
    {
        _options = options;
        _files = new FileCollector(options.MaxFileBytes, _failures);
        _console = new TextLog(VmOutputSource.Console, options.Output, SeeConsoleLine);
        _output = new TextLog(VmOutputSource.StandardOutput, options.Output);
        _errors = new TextLog(VmOutputSource.StandardError, options.Output);
        _qemu = new TextLog(VmOutputSource.Qemu, options.Output);
    }

    internal TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Gives when the present kernel started, as far as the host can know.</summary>
    internal TimeSpan KernelStarted => Locked(() => _kernelStarted);

    internal int KernelCount => Locked(() => _kernels.Count);

    internal PayloadEnd? End => Locked(() => _end);

    internal string? Panic => Locked(() => _panic);

    /// <summary>Gives the line that starts the first report of a kernel about itself; null before one.</summary>
    internal string? FirstReport => Locked(() => _warnings.FirstOrDefault());

    /// <summary>Gives when the guest had nothing more to do, by a panic or by the payload's end; null before that.</summary>
    internal TimeSpan? DoneAt => Locked(() => _doneAt);

    internal string QemuText => Locked(() => _qemu.Text);

    internal void SeeConsole(byte[] bytes) => Locked(() => _console.Append(bytes));

    internal void SeeQemu(byte[] bytes) => Locked(() => _qemu.Append(bytes));

    /// <summary>Takes a frame of the init port.</summary>
    internal void TakeInit(Frame frame) => Locked(() =>
    {
        BodyReader body = new(frame);
        switch (frame.Type)
        {
            case FrameType.Hello:
                TakeHello(ref body);
                break;
            case FrameType.Output:
                TextLog log = body.Byte() switch { 1 => _output,
                    2 => _errors,
                    byte n => throw new FrameException($"the output stream {n} is unknown") };
                log.Append(body.Rest());
                break;
            case FrameType.Sync:
                body.End();
                break;
            case FrameType.Exit:
                ExitKind kind = (ExitKind)body.UInt32();
                PayloadEnd end = new(kind, (int)body.UInt32(), body.Text());
                body.End();
                if (!Enum.IsDefined(kind) || end.Number < 0 || _end is not null || _kernels.Count == 0)
                {
                    throw new FrameException($"the payload's end {kind} {end.Number} is unknown, early, or told twice");
                }

                _end = end;
                _doneAt ??= _clock.Elapsed;
                break;
            default:
                throw new FrameException($"a {frame.Type} frame does not belong on the init port");
        }
    });

    /// <summary>Takes a frame of the report port.</summary>
    internal void TakeReport(Frame frame) => Locked(() =>
    {
        if (_reports.Count + _values.Count + _events.Count + _files.Count >= MaxEntries)
        {
            throw new FrameException($"the payload sent more than {MaxEntries} reports, values, events and files");
        }

        // File content has a limit of its own.
        _entryBytes += frame.Type == FrameType.FileData ? 0 : frame.Body.Length;
        if (_entryBytes > MaxEntryBytes)
        {
            throw new FrameException($"the payload sent reports, values and events of more than {MaxEntryBytes} bytes");
        }

        BodyReader body = new(frame);
        switch (frame.Type)
        {
            case FrameType.Report:
                GuestOutcome outcome = (GuestOutcome)body.Byte();
                GuestReport report = new(frame.Stage, body.Text(), outcome, body.Text());
                if (!Enum.IsDefined(outcome))
                {
                    throw new FrameException($"the outcome {(int)outcome} of a report is unknown");
                }

                _reports.Add(report);
                break;
            case FrameType.Value:
                _values.Add(new GuestValue(frame.Stage, body.Text(), body.Text()));
                break;
            case FrameType.Event:
                _events.Add(new GuestEvent(frame.Stage, body.Text(), _clock.Elapsed));
                break;
            case FrameType.FileBegin:
                _files.Begin(frame.Stage, body.Text());
                break;
            case FrameType.FileData:
                _files.Data(body.Rest());
                break;
            case FrameType.FileEnd:
                _files.End(body.UInt64());
                break;
            default:
                throw new FrameException($"a {frame.Type} frame does not belong on the report port");
        }

        body.End();
    });

    /// <summary>Gives the result; all streams must have ended.</summary>
    internal VmResult Finish(VmLossCause? loss, VmAccelerator accelerator, string? keptFolder) => Locked(() =>
    {
        TextLog[] logs = [_console, _output, _errors, _qemu];
        foreach (TextLog log in logs)
        {
            log.End();
        }

        CloseKernel();
        _files.Close();
        PayloadEnd? end = _end;
        List<string> failures = loss is null ? Failures(end!.Value) : [];
        return new VmResult
        {
            Outcome = loss is not null ? VmOutcome.VmLost : failures.Count > 0 ? VmOutcome.Failed : VmOutcome.Passed,
            Loss = loss is null ? null : new VmLoss(loss.Value.Reason, loss.Value.Message, [.. _tail]),
            Failures = failures,
            ExitStatus = end is { Kind: ExitKind.Status } ? end.Value.Number : null,
            Signal = end is { Kind: ExitKind.Signal } ? end.Value.Number : null,
            Kernels = _kernels,
            Reports = _reports,
            Values = _values,
            Events = _events,
            Files = _files.Finished,
            KernelWarnings = _warnings,
            StandardOutput = _output.Text,
            StandardError = _errors.Text,
            Console = _console.Text,
            QemuOutput = _qemu.Text,
            Accelerator = accelerator,
            Duration = _clock.Elapsed,
            RunFolder = keptFolder,
        };
    });

    private List<string> Failures(PayloadEnd end)
    {
        List<string> failures = [];
        if (end.Kind == ExitKind.Signal)
        {
            failures.Add($"the payload was ended by signal {end.Number}");
        }
        else if (end.Number != 0)
        {
            failures.Add($"the payload ended with status {end.Number}");
        }

        if (_kernels.Count != _options.ExpectedKernels)
        {
            failures.Add($"{_options.ExpectedKernels} kernels were expected and {_kernels.Count} seen");
        }

        failures.AddRange(_reports.Where(r => r.Outcome == GuestOutcome.Failed).Select(r => $"kernel {r.Stage}: {r.Test}: {r.Message}"));
        failures.AddRange(_failures);
        if (_options.KernelWarningsFail)
        {
            failures.AddRange(_warnings.Select(line => $"the kernel warned: {line}"));
        }

        return failures;
    }

    private void TakeHello(ref BodyReader body)
    {
        uint version = body.UInt32();
        if (version != FrameFormat.ProtocolVersion)
        {
            throw new FrameException($"the guest speaks version {version} of the protocol, the host version {FrameFormat.ProtocolVersion}");
        }

        uint stage = body.UInt32();
        ulong uptime = body.UInt64();
        string release = body.Text();
        body.End();
        if (uptime > (ulong)TimeSpan.FromDays(3650).TotalNanoseconds || stage > 65535)
        {
            throw new FrameException($"the announcement of stage {stage} with an uptime of {uptime} ns cannot be true");
        }

        CloseKernel();
        _kernels.Add(new KernelBoot((int)stage, release, _clock.Elapsed, TimeSpan.FromMicroseconds(uptime / 1000), TimeSpan.Zero));
        _kernelStarted = _clock.Elapsed;
        if (_kernels.Count > _options.ExpectedKernels)
        {
            throw new RunEndedException(VmLostReason.UnexpectedKernel, $"Kernel number {_kernels.Count} came up (stage {stage}); "
                + $"{_options.ExpectedKernels} were expected.");
        }

        if (stage != _kernels.Count)
        {
            throw new RunEndedException(
                VmLostReason.UnexpectedKernel,
                $"Kernel number {_kernels.Count} announced stage {stage}: luo.stage on its command line is not one more than its "
                + "predecessor's.");
        }
    }

    private void CloseKernel()
    {
        if (_kernels.Count > 0)
        {
            _kernels[^1] = _kernels[^1] with { Duration = _clock.Elapsed - _kernels[^1].Announced };
        }
    }

    private void SeeConsoleLine(string line)
    {
        _tail.Enqueue(line);
        if (_tail.Count > TailLines)
        {
            _tail.Dequeue();
        }

        if (_panic is null && ConsoleLine.TryRecognisePanic(line, out string panic))
        {
            _panic = panic;
            _doneAt ??= _clock.Elapsed;
        }

        if (ConsoleLine.IsWarning(line) && _warnings.Count < MaxWarnings)
        {
            _warnings.Add(line);
        }
    }

    private void Locked(Action action)
    {
        lock (_gate)
        {
            action();
        }
    }

    private T Locked<T>(Func<T> function)
    {
        lock (_gate)
        {
            return function();
        }
    }
}
