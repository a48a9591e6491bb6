using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using LuoInterop.Emulation.Server.Launch;
using LuoInterop.Emulation.Server.Trace;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Server;

/// <summary>Runs programs of any language on an emulated machine: they open <c>/dev/liveupdate</c>, preserve and retrieve memory files,
/// load a kernel and jump, without knowing of it.</summary>
/// <remarks>
/// <para>System calls that matter are trapped by a seccomp filter, which every process that the program starts has too. Neither root nor a
/// VM is needed; x86-64, Linux 5.9 or newer. A program that has a seccomp listener of its own cannot be run.</para>
/// <para>When a kernel ends, so do all processes on the machine. The members may be called from several threads.</para>
/// </remarks>
public sealed class ProgramMachine : IAsyncDisposable
{
    private const int Backlog = 16;

    // What a shell says of a process that SIGKILL ended: 128 + 9.
    private const int Killed = 137;

    private readonly Lock _lock = new();
    private readonly ProgramMachineOptions _options;
    private readonly EmulatedMachine _machine;
    private readonly string _folder;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
    private readonly Thread _accepting;
    private readonly ShownFiles _shown;
    private readonly ProgramList _programs = new();
    private readonly string _launcher;
    private CallTrace? _trace;
    private KernelRun? _kernel;
    private int _stage;
    private bool _disposed;

    /// <summary>Makes a machine that is switched off.</summary>
    /// <param name="options">Its description; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option of the emulated machine is out of range.</exception>
    /// <exception cref="PlatformNotSupportedException">This is no x86-64 machine.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public ProgramMachine(ProgramMachineOptions? options = null)
    {
        if (System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture != System.Runtime.InteropServices.Architecture.X64)
        {
            throw new PlatformNotSupportedException("The filter of system calls is written for x86-64.");
        }

        _options = options ?? new ProgramMachineOptions();
        _machine = new EmulatedMachine(_options.Machine);
        _folder = _options.Folder ?? Directory.CreateTempSubdirectory("luo-machine-").FullName;
        Directory.CreateDirectory(_folder);
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _shown = new ShownFiles(Path.Combine(_folder, "files"));
        _launcher = LaunchProgram.Write(_folder);
        KernelImagePath = Path.Combine(_folder, "kernel");
        EmulatedKernelImage.Write(KernelImagePath, _options.NextRelease ?? _options.Machine.Release);
        SocketPath = Path.Combine(_folder, "socket");
        File.Delete(SocketPath);
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen(Backlog);
        _accepting = new Thread(Accept) { IsBackground = true, Name = "luo machine" };
        _accepting.Start();
    }

    /// <summary>Gets the emulated machine, with its faults. Boot it by <see cref="Boot"/> alone.</summary>
    public EmulatedMachine Machine => _machine;

    /// <summary>Gets the path of the socket that launchers connect to.</summary>
    public string SocketPath { get; }

    /// <summary>Gets the path of a kernel image that programs can load: kexec_file_load(2), <c>kexec -s -l</c>.</summary>
    /// <remarks>Real images of Linux 6.18 to 7.3 can be loaded as well. Programs find it as <c>LUO_KERNEL</c> in their
    /// environment.</remarks>
    public string KernelImagePath { get; }

    /// <summary>Gets which kernel runs, or ran last: 1 for the first, one more after each kexec, 0 before the first boot.</summary>
    public int Stage
    {
        get
        {
            lock (_lock)
            {
                return _stage;
            }
        }
    }

    /// <summary>Gets how many files of the emulated kernel the programs have open: the device, and sessions.</summary>
    public int OpenFiles
    {
        get
        {
            KernelRun? kernel;
            lock (_lock)
            {
                kernel = _kernel;
            }

            kernel?.Placeholders.CloseLost();
            return kernel?.Placeholders.Count ?? 0;
        }
    }

    /// <summary>Boots a kernel, unless one runs: the loaded one after a kexec, else the first.</summary>
    /// <exception cref="EmulatedKernelPanicException">The kernel panicked over what the previous one left.</exception>
    public void Boot()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_kernel is not null)
            {
                return;
            }

            EmulatedProcess first = _machine.Boot();
            _trace = _stage > 0 ? _trace?.Next(first.Running)
                : _options.Trace is { } writer ? CallTrace.Begin(writer, first.Running)
                : null;
            _kernel = new KernelRun(first.Running, _stage + 1, _shown, _trace, Tell);
            _stage++;
            _kernel.Tell(ProgramEventKind.Booted, $"Linux {first.Release} has booted: {first.CommandLine}");
        }
    }

    /// <summary>Runs a program until it exits, or the machine ends it.</summary>
    /// <remarks>A machine that is off is booted first. What the program leaves behind runs on, until the kernel ends.</remarks>
    /// <param name="program">The program.</param>
    /// <param name="cancellationToken">Ends the program and all that it has started.</param>
    /// <exception cref="ProgramMachineException">The program could not be started or watched; or it ran into a difference between the
    /// emulation and Linux, and the machine is off.</exception>
    /// <exception cref="EmulatedKernelPanicException">The kernel panicked at its boot.</exception>
    public Task<ProgramEnd> RunAsync(ProgramStart program, CancellationToken cancellationToken = default) =>
        RunOnceAsync(program, endsAll: false, cancellationToken);

    /// <summary>Runs a program, and again in every kernel that it leads to, until it exits; then ends all that it left behind.</summary>
    /// <param name="program">The program.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How it ended at last: by itself, or by switching the machine off.</returns>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public async Task<ProgramEnd> FollowAsync(ProgramStart program, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ProgramEnd end = await RunOnceAsync(program, endsAll: true, cancellationToken).ConfigureAwait(false);
            if (end.Kind is ProgramEndKind.Exited or ProgramEndKind.PoweredOff)
            {
                return end;
            }
        }
    }

    /// <summary>Waits until the kernel that runs has ended, with all programs on it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How it ended: by <see cref="ProgramEndKind.Kexec"/> and so on.</returns>
    /// <exception cref="InvalidOperationException">No kernel runs.</exception>
    /// <exception cref="ProgramMachineException">A program ran into a difference between the emulation and Linux; the machine is
    /// off.</exception>
    public async Task<ProgramEndKind> WaitForKernelAsync(CancellationToken cancellationToken = default)
    {
        KernelRun kernel;
        lock (_lock)
        {
            kernel = _kernel ?? throw new InvalidOperationException("No kernel runs on the machine.");
        }

        KernelEnd end = await kernel.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        await EndKernelAsync(kernel).ConfigureAwait(false);
        return end.Command is null ? throw new ProgramMachineException(end.Text) : KindOf(end);
    }

    /// <summary>Jumps from outside into the loaded kernel, or into <see cref="KernelImagePath"/> with the same command line where none is
    /// loaded: ends all programs, and boots it.</summary>
    /// <param name="commandLine">The next kernel's command line, where it is to be another one.</param>
    /// <exception cref="KernelException">The kernel refuses.</exception>
    /// <exception cref="InvalidOperationException">No kernel runs.</exception>
    public async Task KexecAsync(string? commandLine = null)
    {
        KernelRun kernel;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            kernel = _kernel ?? throw new InvalidOperationException("No kernel runs on the machine.");
        }

        kernel.Placeholders.CloseLost();
        EmulatedProcess process = _machine.Kernel.StartProcess();
        bool isLoaded = kernel.ReadFile("/sys/kernel/kexec_loaded", out byte[] loaded) == 0 && loaded.AsSpan().StartsWith("1"u8);
        if (!isLoaded || commandLine is not null)
        {
            _ = KexecImage.Load(
                process, KernelImagePath, null, commandLine ?? process.CommandLine,
                KexecLoadOptions.WithoutLiveUpdate | KexecLoadOptions.DespitePredictedLoss);
        }

        try
        {
            int error;
            lock (kernel.System.Lock)
            {
                error = kernel.Trace is { } trace
                    ? trace.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC, () => process.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC))
                    : process.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC);
            }

            throw KernelException.For(error, Operation.Reboot);
        }
        catch (EmulatedRebootException end)
        {
            kernel.End(end);
        }

        await EndKernelAsync(kernel).ConfigureAwait(false);
        Boot();
    }

    /// <summary>Ends all programs, and waits until nothing of them is left. The kernel runs on.</summary>
    public Task EndProgramsAsync() => _programs.EndAsync(static _ => true);

    /// <summary>Ends all programs, switches the machine off and removes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _listener.Dispose();
        _accepting.Join();
        await EndProgramsAsync().ConfigureAwait(false);
        _kernel?.Dispose();
        _machine.Dispose();
        if (_options.Folder is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
        else
        {
            File.Delete(SocketPath);
        }
    }

    private static ProgramEndKind KindOf(KernelEnd? end) => end?.Command switch
    {
        null => ProgramEndKind.Exited,
        RebootHeader.LINUX_REBOOT_CMD_KEXEC => ProgramEndKind.Kexec,
        RebootHeader.LINUX_REBOOT_CMD_RESTART => ProgramEndKind.Restarted,
        _ => ProgramEndKind.PoweredOff,
    };

    private async Task<ProgramEnd> RunOnceAsync(ProgramStart program, bool endsAll, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentOutOfRangeException.ThrowIfZero(program.Command.Count, nameof(program));
        cancellationToken.ThrowIfCancellationRequested();
        Boot();
        KernelRun kernel;
        lock (_lock)
        {
            kernel = _kernel!;
        }

        using Process front = ProcessStart.Run(StartOf(program)) ?? throw new ProgramMachineException("The launcher did not start.");
        kernel.Tell(ProgramEventKind.Started, string.Join(' ', program.Command));
        Task<string> output = program.KeepOutput ? front.StandardOutput.ReadToEndAsync(CancellationToken.None) : Task.FromResult("");
        Task<string> error = program.KeepOutput ? front.StandardError.ReadToEndAsync(CancellationToken.None) : Task.FromResult("");
        Task exited = front.WaitForExitAsync(CancellationToken.None);
        using (cancellationToken.Register(() => _programs.End(front.Id, "cancelled")))
        {
            await Task.WhenAny(exited, kernel.Ended).ConfigureAwait(false);
            if (kernel.Ended.IsCompleted)
            {
                await EndKernelAsync(kernel).ConfigureAwait(false);

                // One that nobody has met yet does not come to the next kernel.
                _programs.End(front.Id, "");
            }

            await exited.ConfigureAwait(false);
        }

        string? failure = await _programs.LeaveAsync(front.Id).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        KernelEnd? end = kernel.Ended.IsCompleted ? await kernel.Ended.ConfigureAwait(false) : null;
        if (failure is not null || end is { Command: null })
        {
            throw new ProgramMachineException(failure ?? end!.Text);
        }

        if (endsAll)
        {
            await _programs.EndAsync(one => one.Front == front.Id).ConfigureAwait(false);
        }

        return new ProgramEnd(KindOf(end), end is null ? front.ExitCode : Killed, end?.Text ?? "")
        {
            Output = await output.ConfigureAwait(false),
            Error = await error.ConfigureAwait(false),
        };
    }

    private ProcessStartInfo StartOf(ProgramStart program)
    {
        var start = new ProcessStartInfo(_launcher, [SocketPath, .. program.Command])
        {
            WorkingDirectory = program.WorkingFolder ?? "",
            RedirectStandardOutput = program.KeepOutput,
            RedirectStandardError = program.KeepOutput,
        };
        start.Environment["LUO_KERNEL"] = KernelImagePath;
        foreach ((string name, string value) in program.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private async Task EndKernelAsync(KernelRun kernel)
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = _kernel == kernel;
            _kernel = isFirst ? null : _kernel;
        }

        await _programs.EndAsync(one => one.Kernel == kernel).ConfigureAwait(false);
        if (isFirst)
        {
            KernelEnd end = await kernel.Ended.ConfigureAwait(false);
            kernel.SwitchOff();
            kernel.Tell(ProgramEventKind.KernelEnded, end.Text.TrimEnd('.'));
            kernel.Dispose();
        }
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var channel = new KeeperChannel(_listener.Accept());
                lock (_lock)
                {
                    if (_kernel is null || _disposed)
                    {
                        channel.Dispose();
                        continue;
                    }

                    _programs.Add(new LaunchedProgram(channel, _kernel, Mounts(), _programs.Meet));
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The machine is switched off.
        }
    }

    // What the keeper understands (native/luo_mounts.h).
    private string Mounts()
    {
        var packet = new StringBuilder("mounts\0");
        if (!_options.TrapsEverything)
        {
            packet.Append(_kernel!.System.Device is null ? "" : _kernel.System.Options.DevicePath).Append('\0');
            foreach ((string source, string target) in _shown.Mounts)
            {
                packet.Append(source).Append('\0').Append(target).Append('\0');
            }
        }

        return packet.ToString();
    }

    private void Tell(ProgramEvent happened) => _options.Happened?.Invoke(happened);
}
