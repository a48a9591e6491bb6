using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Boot;
using MiniVmm.Devices;
using MiniVmm.Memory;

namespace MiniVmm.Machine;

/// <summary>Is a virtual PC: RAM, vCPUs, interrupt controllers and timer in the kernel, a serial port and a keyboard controller.</summary>
/// <remarks>
/// It is made with RAM, then given a beginning (<see cref="Boot"/>) or a state (<see cref="Restore"/>), and stands still until
/// <see cref="Resume"/>. Members are for one thread at a time.
/// </remarks>
internal sealed class GuestMachine : IDisposable
{
    /// <summary>The most vCPUs.</summary>
    public const int MostCpus = 4;

    // Between the RAM and the APICs, where nothing else is.
    private const ulong IdentityMapAddress = 0xfffb_c000;
    private const ulong TssAddress = 0xfffb_d000;
    private const ushort SerialPort = 0x3f8;
    private const uint SerialLine = 4;

    private readonly KvmDevice _device;
    private readonly KvmVm _vm;
    private readonly List<VcpuThread> _threads = [];
    private readonly PortBus _ports = new();
    private readonly I8042 _keyboard;
    private readonly TaskCompletionSource<MachineEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GuestRam? _ram;

    /// <summary>Makes a machine that has no beginning yet.</summary>
    /// <param name="kernel">The kernel whose KVM runs it.</param>
    /// <param name="ram">Its RAM, which belongs to the machine from now on, also when this throws.</param>
    /// <param name="cpus">The number of vCPUs, 1 to 4.</param>
    /// <param name="console">Takes each byte that the guest writes to its serial port.</param>
    /// <exception cref="KernelException">KVM refuses.</exception>
    public GuestMachine(Kernel kernel, GuestRam ram, int cpus, Action<byte> console)
        : this(kernel, console, Checked(ram, cpus)) => Complete(ram, cpus);

    /// <summary>Makes a machine with its first vCPU, and no RAM: <see cref="Complete"/> belongs before all else.</summary>
    internal GuestMachine(Kernel kernel, Action<byte> console)
        : this(kernel, console, null)
    {
    }

    private GuestMachine(Kernel kernel, Action<byte> console, GuestRam? ram)
    {
        var made = new Stack<IDisposable?>([ram]);
        try
        {
            made.Push(_device = KvmDevice.Open(kernel));
            made.Push(_vm = _device.CreateVm());
            _vm.SetTssAddress(TssAddress);
            _vm.SetIdentityMapAddress(IdentityMapAddress);
            _vm.CreateIrqchip();
            _vm.CreatePit();
            Serial = new Uart8250(SerialPort, console, level => _vm.SetIrqLine(SerialLine, level), () => SerialHasRoom?.Invoke());
            _keyboard = new I8042(() => End(MachineEnd.Reset("the guest reset itself")));
            _ports.Add(SerialPort, Uart8250.PortCount, Serial);
            _keyboard.AddTo(_ports);
            AddVcpu();
        }
        catch
        {
            _threads.ForEach(static thread => thread.Dispose());
            foreach (IDisposable? part in made)
            {
                part?.Dispose();
            }

            throw;
        }
    }

    /// <summary>Gives a machine that has none its RAM, and the rest of its vCPUs.</summary>
    /// <remarks>The RAM is the machine's, and where this throws both are freed.</remarks>
    internal void Complete(GuestRam ram, int cpus)
    {
        try
        {
            _ram = Checked(ram, cpus);
            uint slot = 0;
            foreach (GuestRamRange range in ram.Ranges)
            {
                _vm.AddMemory(slot++, range.GuestAddress, range.Mapping);
            }

            while (_threads.Count < cpus)
            {
                AddVcpu();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the RAM.</summary>
    public GuestRam Ram => _ram ?? throw new InvalidOperationException("The machine has no RAM yet.");

    /// <summary>Gets the serial port.</summary>
    public Uart8250 Serial { get; }

    /// <summary>Gets or sets what is called when the serial port has room for input again.</summary>
    public Action? SerialHasRoom { get; set; }

    /// <summary>Gets the number of vCPUs.</summary>
    public int Cpus => _threads.Count;

    /// <summary>Gets what CPUID hides.</summary>
    public CpuidMaskKind Mask { get; private set; }

    /// <summary>Gets whether the guest stands still.</summary>
    public bool IsPaused { get; private set; } = true;

    /// <summary>Is done when the guest has ended.</summary>
    public Task<MachineEnd> Ended => _end.Task;

    private KvmVcpu[] Vcpus => [.. _threads.Select(static thread => thread.Vcpu)];

    /// <summary>Gives the machine a beginning.</summary>
    /// <param name="entries">Where vCPUs begin. Those without an entry wait for their startup interrupt, as Linux sends it.</param>
    /// <param name="mask">What CPUID hides.</param>
    public void Boot(IReadOnlyList<BootEntry> entries, CpuidMaskKind mask)
    {
        ArgumentNullException.ThrowIfNull(entries);
        Mask = mask == CpuidMaskKind.Auto ? CpuidMask.Detect() : mask;
        KvmCpuidEntry[] supported = _device.GetSupportedCpuid();
        foreach (VcpuThread thread in _threads)
        {
            KvmVcpu vcpu = thread.Vcpu;
            vcpu.SetCpuid(CpuidMask.For(supported, Mask, vcpu.Id));
            VcpuReset.Prepare(vcpu);
            if (vcpu.Id < entries.Count)
            {
                VcpuReset.Enter(vcpu, entries[(int)vcpu.Id]);
            }
        }
    }

    /// <summary>Puts a state into the machine.</summary>
    /// <exception cref="KvmStateException">The state does not fit, or the kernel refuses a part.</exception>
    public MachineParts Restore(MachineState state, KvmClockGap clock)
    {
        ArgumentNullException.ThrowIfNull(state);
        MachineParts parts = MachineParts.Read(state);
        Mask = Enum.TryParse(parts.Mask, out CpuidMaskKind mask) ? mask : CpuidMaskKind.None;
        state.Restore(_vm, Vcpus, clock);

        // After the interrupt controllers: the port's line may be high, and they have taken the edge already.
        _keyboard.Restore(parts.Keyboard);
        Serial.Restore(parts.Serial);
        return parts;
    }

    /// <summary>Stops all vCPUs, and returns when each stands still with nothing undone.</summary>
    public void Pause()
    {
        foreach (VcpuThread thread in _threads)
        {
            thread.RequestPause();
        }

        foreach (VcpuThread thread in _threads)
        {
            thread.WaitUntilPaused();
        }

        IsPaused = true;
    }

    /// <summary>Lets the guest run on.</summary>
    public void Resume()
    {
        IsPaused = false;
        foreach (VcpuThread thread in _threads)
        {
            thread.Resume();
        }
    }

    /// <summary>Gets the frequency of the guest's time stamp counter, in kHz.</summary>
    public long CounterKilohertz => _threads[0].Vcpu.TscKhz;

    /// <summary>Reads the guest's time stamp counter, that of the first vCPU. For a guest that stands still.</summary>
    public ulong ReadCounter() => _threads[0].Vcpu.ReadCounter();

    /// <summary>Saves the machine, which stands still.</summary>
    /// <param name="updates">How many live updates the guest has gone through when the state is put back.</param>
    /// <param name="console">What waits between the guest and those at its console; null for nothing.</param>
    public MachineState Save(int updates, ConsoleState? console = null)
    {
        if (!IsPaused)
        {
            throw new InvalidOperationException("The guest runs.");
        }

        // The devices first: what they still do to the interrupt controllers is in those when they are read.
        Uart8250State serial = Serial.Save();
        I8042State keyboard = _keyboard.Save();
        MachineState state = MachineState.Save(_vm, Vcpus, _device.GetMsrIndices());
        new MachineParts(serial, keyboard, Mask.ToString(), updates, console).WriteTo(state);
        return state;
    }

    /// <summary>Reads where each vCPU is, while the guest stands still.</summary>
    public VcpuMark[] Marks() => [.. _threads.Select(static thread => VcpuMark.Of(thread.Vcpu))];

    /// <summary>Says in words where each vCPU is, while the guest stands still.</summary>
    public string Describe() => string.Join("; ", _threads.Select(static thread => VcpuPlace.Of(thread.Vcpu)));

    /// <summary>Ends the guest and frees the machine. RAM that a session preserves stays preserved.</summary>
    public void Dispose()
    {
        foreach (VcpuThread thread in _threads)
        {
            thread.Dispose();
        }

        _vm.Dispose();
        _device.Dispose();
        _ram?.Dispose();
        _end.TrySetResult(MachineEnd.Reset("the machine was switched off"));
    }

    private static GuestRam Checked(GuestRam ram, int cpus)
    {
        if (cpus is >= 1 and <= MostCpus)
        {
            return ram;
        }

        ram.Dispose();
        throw new ArgumentOutOfRangeException(nameof(cpus), cpus, $"A machine has 1 to {MostCpus} vCPUs.");
    }

    private void AddVcpu()
    {
        KvmVcpu vcpu = _vm.CreateVcpu((uint)_threads.Count);
        try
        {
            _threads.Add(new VcpuThread(vcpu, _ports, End));
        }
        catch
        {
            vcpu.Dispose();
            throw;
        }

        // KVM begins with the frequency that it was loaded with. The kernel has measured again since then, and where the two are
        // too far apart to be the same and KVM cannot scale, the vCPU would have no counter at all.
        vcpu.TscKhz = KvmVcpu.HostTscKhz;
    }

    private void End(MachineEnd end) => _end.TrySetResult(end);
}
