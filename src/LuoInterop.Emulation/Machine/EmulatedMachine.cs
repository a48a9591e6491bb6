using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using LuoInterop.KernelImages;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation;

/// <summary>A machine inside this process: physical memory, and emulated kernels that run on it one after the other.</summary>
/// <remarks>
/// <para>It honours the contract of Linux 6.18, 6.19, 7.0, 7.1, 7.2 (7.2.6 and later) or 7.3 between programs and the Live
/// Update Orchestrator, down to the bytes that one kernel hands to the next; a kexec may lead to another of them. Memory files are real
/// ones of the host, and their pages are handed over without a copy; nothing of it survives a real kexec,
/// or the end of this process.</para>
/// <para>The members may be called from several threads at once.</para>
/// </remarks>
public sealed class EmulatedMachine : IDisposable
{
    // What a shell says of a process that SIGKILL ended: 128 + 9.
    private const int Killed = 137;

    private readonly Lock _lock = new();
    private PhysicalMemory _memory;
    private BootParameters _next;
    private EmulatedKernel? _running;
    private EmulatedProcess? _kernel;
    private bool _disposed;

    /// <summary>Makes a machine that is switched off.</summary>
    /// <param name="options">The machine's description; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range, or names a kernel that cannot be emulated.</exception>
    /// <exception cref="PlatformNotSupportedException">The host's pages are not of 4096 bytes,
    /// as on arm64 with pages of 16 or 64 KiB.</exception>
    public EmulatedMachine(EmulatedMachineOptions? options = null)
    {
        Options = options ?? new EmulatedMachineOptions();
        if (Options.Host.PageSize != PhysicalMemory.PageSize)
        {
            throw new PlatformNotSupportedException(
                $"This host has pages of {Options.Host.PageSize} bytes. The emulated kernel has pages of 4096 bytes, which are "
                + "pages of the host's memory files: it runs on hosts with such pages only.");
        }

        ArgumentNullException.ThrowIfNull(Options.CommandLine);
        if (KernelParameter.ToBytes(Options.CommandLine).Length >= KernelParameter.COMMAND_LINE_SIZE)
        {
            throw new ArgumentException("A boot loader passes at most 2047 bytes of command line.", nameof(options));
        }

        ArgumentNullException.ThrowIfNull(Options.BuiltInCommandLine);
        if (Options.BuiltInCommandLine.AsSpan().ContainsAnyExceptInRange(' ', '~')
            || Options.BuiltInCommandLine.Length >= KernelParameter.COMMAND_LINE_SIZE)
        {
            throw new ArgumentException("A built-in command line is at most 2047 characters of printable ASCII.", nameof(options));
        }

        ArgumentException.ThrowIfNullOrEmpty(Options.DevicePath);
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.MemorySize, 256UL << 20);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.MemorySize, 64UL << 40);
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.DescriptorLimit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.DescriptorLimit, 1 << 29);
        ArgumentOutOfRangeException.ThrowIfNegative(Options.LargestFolioOrder);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.LargestFolioOrder, 18);
        ArgumentOutOfRangeException.ThrowIfNegative(Options.MemfdNoExec);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.MemfdNoExec, 2);
        if (!KernelProfile.TryFind(Options.Release, out _))
        {
            throw new ArgumentException(
                $"Linux {Options.Release} cannot be emulated; 6.18 to 7.3 can, and 7.3 with {string.Join(", ", KernelPreviews.All)}.",
                nameof(options));
        }

        ArgumentNullException.ThrowIfNull(Options.Modules);

        _memory = new PhysicalMemory(Options.MemorySize);
        _next = FirstBoot;
    }

    /// <summary>Makes a machine in the middle of a kexec: the kernel of the options is the next one.</summary>
    /// <remarks>All memory that is handed over is copied.</remarks>
    /// <param name="options">The machine's description; its memory reaches at least as far as the image's.</param>
    /// <param name="image">The memory that the previous kernel left, emulated or not; read here only.</param>
    /// <param name="handover">What the boot protocol tells of it.</param>
    /// <exception cref="KhoFormatException">What is handed over cannot be decoded.</exception>
    /// <exception cref="ArgumentException">An option is out of range; or the image lacks memory that is handed over, or has some where
    /// the machine has none.</exception>
    public EmulatedMachine(EmulatedMachineOptions options, IPhysicalMemory image, KhoSetupData handover)
        : this(options)
    {
        ArgumentNullException.ThrowIfNull(image);
        try
        {
            HandoverImage.Load(_memory, image, handover);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }

        _next = FirstBoot with { Handover = handover };
    }

    /// <summary>Gets the machine's memory; between two kernels it holds what the next one finds.</summary>
    internal PhysicalMemory Memory => _memory;

    /// <summary>Gets or sets what the next kernel is told of a handover; null when there is none.</summary>
    internal KhoSetupData? Handover
    {
        get => _next.Handover;
        set => _next = _next with { Handover = value };
    }

    /// <summary>Gets the machine's description.</summary>
    public EmulatedMachineOptions Options { get; }

    /// <summary>Gets the faults of the machine, which live across its kernels.</summary>
    public FaultInjection Faults { get; } = new();

    /// <summary>Gets whether a kernel runs.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _running is not null;
            }
        }
    }

    /// <summary>Gets the running kernel as its first process sees it.</summary>
    /// <exception cref="InvalidOperationException">No kernel runs: call <see cref="Boot"/>.</exception>
    public EmulatedProcess Kernel
    {
        get
        {
            lock (_lock)
            {
                return _kernel ?? throw new InvalidOperationException("No kernel runs on the emulated machine; boot one.");
            }
        }
    }

    /// <summary>Reads what the kernel that ran last handed over, as the next one will find it.</summary>
    /// <remarks>Each call reads the machine's memory anew. May be called from any thread.</remarks>
    /// <returns>The handover, or null where the next kernel is told of none: before the first kexec,
    /// and after a boot from power off.</returns>
    /// <exception cref="InvalidOperationException">A kernel runs: what it was given may be freed and written to.</exception>
    /// <exception cref="KhoFormatException">Something of it cannot be decoded.</exception>
    public Handover? ReadHandover()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _running is not null ? throw new InvalidOperationException("A kernel runs on the emulated machine.")
                : Handover is { } told ? HandoverReader.Read(_memory, told.FdtAddress)
                : null;
        }
    }

    /// <summary>Writes the machine's memory into a raw image: the offset of a byte is its physical address.</summary>
    /// <remarks>
    /// The file is sparse: what no kernel preserved is a hole. What the boot protocol tells the next kernel lies in the first MiB
    /// (<c>struct boot_params</c>, <c>struct setup_data</c>). May be called from any thread.
    /// </remarks>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <exception cref="InvalidOperationException">A kernel runs.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveMemory(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_running is not null)
            {
                throw new InvalidOperationException("A kernel runs on the emulated machine.");
            }

            HandoverImage.Save(_memory, Handover, path);
        }
    }

    private BootParameters FirstBoot => new(Options.Release, Options.CommandLine, null);

    /// <summary>Boots a kernel: the loaded one after a kexec, else the one of the options with empty memory.</summary>
    /// <returns>The kernel as its first process sees it.</returns>
    /// <exception cref="InvalidOperationException">A kernel runs.</exception>
    /// <exception cref="EmulatedKernelPanicException">
    /// The kernel panicked over what the previous one left. The machine is off, and the next boot a cold one.
    /// </exception>
    public EmulatedProcess Boot()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_running is not null)
            {
                throw new InvalidOperationException("A kernel runs on the emulated machine already.");
            }

            BootParameters parameters = _next;
            _next = FirstBoot;
            try
            {
                _running = EmulatedKernel.Boot(this, _memory, parameters);
            }
            catch (EmulatedKernelPanicException)
            {
                ResetMemory();
                throw;
            }

            return _kernel = new EmulatedProcess(_running);
        }
    }

    /// <summary>Runs a program as init would: again after every kexec and every restart, until it returns.</summary>
    /// <remarks>
    /// <para>The program gets the kernel as its process sees it, and works out of that what is to be done: resume when its
    /// session is there, else start. An <see cref="EmulatedRebootException"/> has to pass through it.</para>
    /// <para>When it returns or fails, its emulated descriptors are closed as at the end of a process. The kernel goes on,
    /// and a further call runs a program as another process of it: what a supervisor does after a failure.</para>
    /// </remarks>
    /// <param name="program">The program; it returns its exit code.</param>
    /// <returns>
    /// The exit code of the run that returned; 0 when the machine was switched off by reboot(2); 137 when the process was
    /// killed (<see cref="FaultInjection.KillProcess"/>).
    /// </returns>
    /// <exception cref="EmulatedKernelPanicException">The next kernel panicked at its boot.</exception>
    public int Run(Func<Kernel, int> program)
    {
        ArgumentNullException.ThrowIfNull(program);
        while (true)
        {
            EmulatedProcess process = IsRunning ? Kernel.StartProcess() : Boot();
            int code = 0;
            try
            {
                code = program(process);
            }
            catch (EmulatedRebootException) when (process.HasEnded)
            {
            }
            catch (EmulatedKillException) when (process.WasKilled)
            {
            }
            finally
            {
                process.Exit();
            }

            if (process.WasKilled)
            {
                return Killed;
            }

            if (process.Running.EndCommand is not { } command)
            {
                return code;
            }

            if (command is not (RebootHeader.LINUX_REBOOT_CMD_KEXEC or RebootHeader.LINUX_REBOOT_CMD_RESTART))
            {
                return 0;
            }
        }
    }

    /// <summary>Runs a program on Linux where that has live update, and on an emulated machine where it has not.</summary>
    /// <remarks>
    /// Emulation stands in only for a kernel without live update. Where Linux has it and the device is busy, forbidden or
    /// broken (EBUSY, EACCES, EIO), that is an error: a program that went on with emulated memory would lose it.
    /// </remarks>
    /// <param name="program">The program; it returns its exit code. On Linux it runs once, and init starts it again after a kexec.</param>
    /// <param name="onEmulated">Is told why emulation stands in, before the program runs: tell the user.</param>
    /// <param name="options">The emulated machine's description; null for the defaults.</param>
    /// <returns>The program's exit code.</returns>
    /// <exception cref="KernelException">Linux has live update, but the device cannot be opened.</exception>
    public static int RunOnLinuxOrEmulated(
        Func<Kernel, int> program, Action<LiveUpdateAvailability> onEmulated, EmulatedMachineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(onEmulated);
        string path = options?.DevicePath ?? LiveUpdateDevice.DefaultPath;
        if (LiveUpdateDevice.TryOpen(LuoInterop.Kernel.Linux, out LiveUpdateDevice? device, out LiveUpdateAvailability availability, path))
        {
            device.Dispose();
            return program(LuoInterop.Kernel.Linux);
        }

        if (availability.Reason is not (LiveUpdateUnavailableReason.NotBuilt or LiveUpdateUnavailableReason.KhoOff
            or LiveUpdateUnavailableReason.LiveUpdateOff or LiveUpdateUnavailableReason.NoDevice))
        {
            throw new KernelException(availability.Errno, Operation.OpenDevice, availability.ToString());
        }

        onEmulated(availability);
        using var machine = new EmulatedMachine(options);
        return machine.Run(program);
    }

    /// <summary>Switches the machine off, and frees its memory and the host descriptors that it holds.</summary>
    /// <remarks>Descriptors of memory files that programs got from an emulated kernel are theirs, and stay open.</remarks>
    public void Dispose()
    {
        EmulatedKernel? running;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            running = _running;
        }

        // In the order of reboot(2): the kernel's lock first, then the machine's.
        if (running is not null)
        {
            lock (running.Lock)
            {
                if (!running.HasEnded)
                {
                    running.Abandon(new EmulatedRebootException(
                        RebootHeader.LINUX_REBOOT_CMD_POWER_OFF, "The emulated machine was switched off (disposed)."));
                    End(running, null);
                }
            }
        }

        lock (_lock)
        {
            _memory.Dispose();
        }
    }

    /// <summary>Takes the machine back from a kernel that has ended.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="next">What the next one starts with; null for a cold boot.</param>
    internal void End(EmulatedKernel kernel, BootParameters? next)
    {
        lock (_lock)
        {
            if (_running != kernel)
            {
                throw new InvalidOperationException("Another kernel runs on the emulated machine.");
            }

            _running = null;
            _kernel = null;
            _next = next ?? FirstBoot;
            if (next is null)
            {
                ResetMemory();
            }
        }
    }

    private void ResetMemory()
    {
        _memory.Dispose();
        _memory = new PhysicalMemory(Options.MemorySize);
    }
}
