using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Update;

/// <summary>Carries one guest through live updates: its RAM, its state, and the time that it takes.</summary>
/// <remarks>
/// <para>Before: <see cref="Prepare"/> while the guest runs, <see cref="Stop"/>, and <see cref="Jump"/> with the last guest of the program.
/// Whatever is refused on the way, <see cref="GiveUp"/> lets the guest run on as if nothing had been.</para>
/// <para>After: <see cref="Resume"/>, <see cref="Release"/>, <see cref="ProveLife"/>, <see cref="Finish"/>. Until then the memory is
/// claimed, and nothing of it is freed.</para>
/// </remarks>
internal sealed class VmUpdate : IDisposable
{
    /// <summary>What stands before a guest's name in the name of its session.</summary>
    public const string SessionPrefix = "minivmm-";

    private const string StateName = "state";
    private const int StateVersion = 1;

    private readonly Kernel _kernel;
    private readonly LiveUpdate _update;
    private readonly UpdateClock _clock;
    private UpdateTimeline? _timeline;
    private VcpuMark[] _marks = [];
    private ulong _counter;

    private VmUpdate(Kernel kernel, LiveUpdate update, UpdateClock clock)
    {
        _kernel = kernel;
        _update = update;
        _clock = clock;
    }

    /// <summary>Gets whether the previous kernel has handed the guest over.</summary>
    public bool Resumed => _update.Resumed && !IsFinished;

    /// <summary>Gets whether what was handed over is finished.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Gets how many live updates the guest has gone through.</summary>
    public int Updates { get; private set; }

    /// <summary>Gets what waited at the console of the guest that was resumed; null for nothing.</summary>
    public ConsoleState? Console { get; private set; }

    /// <summary>Opens the updates of a guest.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="name">The guest's name.</param>
    /// <param name="clock">Says when this kernel and this program started.</param>
    /// <exception cref="KernelException">There is no live update here, or another process has the device.</exception>
    public static VmUpdate Open(Kernel kernel, string name, UpdateClock clock)
    {
        LiveUpdate update = LiveUpdate.Open(kernel, SessionPrefix + name);
        clock.Opened = UpdateTimeline.Now();
        return new VmUpdate(kernel, update, clock);
    }

    /// <summary>Preserves the guest's RAM. The guest may run, and goes on writing to it until the jump.</summary>
    /// <exception cref="KernelException">The kernel refuses; nothing is preserved.</exception>
    public void Prepare(GuestMachine machine)
    {
        try
        {
            foreach (GuestRamRange range in machine.Ram.Ranges)
            {
                _update.Preserve(range.Name, range.File);
            }

            _timeline = UpdateTimeline.Create(_kernel);
            _update.Preserve(UpdateTimeline.FileName, _timeline.File);
        }
        catch
        {
            Forget();
            throw;
        }
    }

    /// <summary>Stops the guest, and preserves its state. From here on it stands still.</summary>
    /// <param name="machine">The guest.</param>
    /// <param name="console">Gives what waits at its console, once it stands still; null for nothing.</param>
    /// <exception cref="KernelException">The kernel refuses.</exception>
    public void Stop(GuestMachine machine, Func<ConsoleState>? console = null)
    {
        UpdateTimeline timeline = _timeline ?? throw new InvalidOperationException("The guest's RAM is not preserved.");
        timeline.Mark(UpdateMoment.PauseBegins);
        machine.Pause();
        timeline.Stop(machine.ReadCounter(), machine.CounterKilohertz);
        MachineState state = machine.Save(Updates + 1, console?.Invoke());
        timeline.Mark(UpdateMoment.Saved);
        _update.PreserveBytes(StateName, state.ToBytes(), StateVersion);
        timeline.Mark(UpdateMoment.Preserved);
    }

    /// <summary>Starts the next kernel. Other guests of this program go with it.</summary>
    /// <param name="image">The next kernel.</param>
    /// <param name="options">What the jump may let pass.</param>
    /// <exception cref="KernelException">The kernel refuses, and runs on.</exception>
    public void Jump(KexecImage image, KexecRebootOptions options = KexecRebootOptions.None) => _update.Handover(image, options);

    /// <summary>Lets the guest run on after a refusal, and drops what was preserved.</summary>
    public void GiveUp(GuestMachine machine)
    {
        // The guest first: what it waits for is nothing that dropping takes.
        if (machine.IsPaused)
        {
            machine.Resume();
        }

        Forget();
    }

    /// <summary>Makes the guest of what the previous kernel has handed over. It stands still; nothing is freed yet.</summary>
    /// <param name="console">Takes what it writes to its serial port.</param>
    /// <param name="gap">What its clock does about the blackout.</param>
    /// <param name="ahead">What is being made of the machine already, which stays the caller's; or null.</param>
    /// <exception cref="KernelException">A part cannot be retrieved, or KVM refuses.</exception>
    /// <exception cref="KvmStateException">The state cannot be used here.</exception>
    /// <exception cref="SessionCatalogueException">Something is missing, or damaged.</exception>
    public GuestMachine Resume(Action<byte> console, KvmClockGap gap, MachineAhead? ahead = null)
    {
        Memfd? low = null;
        Memfd? high = null;
        GuestRam ram;
        MachineState state;
        try
        {
            low = _update.RetrieveMemfd(GuestRam.LowName);
            high = _update.Contains(GuestRam.HighName) ? _update.RetrieveMemfd(GuestRam.HighName) : null;
            _timeline ??= UpdateTimeline.From(_update.RetrieveMemfd(UpdateTimeline.FileName));
            state = MachineState.Parse(_update.RetrieveBytes(StateName, StateVersion, out _));
            ram = GuestRam.FromFiles(low, high);
        }
        catch
        {
            high?.Dispose();
            low?.Dispose();
            throw;
        }

        _timeline.Mark(UpdateMoment.Opened, _clock.Opened);
        _timeline.Mark(UpdateMoment.Retrieved);
        GuestMachine machine = ahead?.Take(ram, state.Vcpus.Count) ?? new GuestMachine(_kernel, ram, state.Vcpus.Count, console);
        try
        {
            _timeline.Mark(UpdateMoment.Rebuilt);
            MachineParts parts = machine.Restore(state, gap);
            Updates = parts.Updates;
            Console = parts.Console;
            _counter = machine.ReadCounter();
            _marks = machine.Marks();
            _timeline.Mark(UpdateMoment.Restored);
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    /// <summary>Goes on counting with a guest that another process of this kernel had.</summary>
    /// <param name="updates">How many live updates it has gone through.</param>
    public void TakeOver(int updates) => Updates = updates;

    /// <summary>Lets the guest of <see cref="Resume"/> run. What was done in between, to look at it, is not of the blackout.</summary>
    public void Release(GuestMachine machine)
    {
        UpdateTimeline timeline = _timeline ?? throw new InvalidOperationException("No update has been gone through.");
        long start = UpdateTimeline.Now();
        machine.Resume();
        timeline.Mark(UpdateMoment.Released, timeline.At(UpdateMoment.Restored) + UpdateTimeline.Now() - start);
    }

    /// <summary>Measures the blackout, between <see cref="Release"/> and <see cref="Finish"/>.</summary>
    /// <exception cref="InvalidDataException">The guest's counter began anew.</exception>
    public Blackout Measure()
    {
        UpdateTimeline timeline = _timeline ?? throw new InvalidOperationException("No update has been gone through.");
        timeline.Mark(UpdateMoment.KernelStarted, _clock.KernelStart);
        timeline.Mark(UpdateMoment.ProcessStarted, _clock.ProcessStart);
        timeline.Mark(UpdateMoment.MainEntered, _clock.MainEntered);
        return timeline.Measure(_counter);
    }

    /// <summary>Waits until the guest has shown that it runs: one of its vCPUs is no longer where it was put.</summary>
    /// <param name="machine">The guest, running.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>Whether it has.</returns>
    public bool ProveLife(GuestMachine machine, TimeSpan patience) => ProofOfLife.Wait(machine, _marks, patience);

    /// <summary>Frees what came from the previous kernel and was not retrieved, and ends its session.</summary>
    public void Finish()
    {
        _update.Finish();
        IsFinished = true;
        _timeline?.Dispose();
        _timeline = null;
    }

    /// <summary>Closes what can be closed without loss.</summary>
    public void Dispose()
    {
        _timeline?.Dispose();
        _update.Dispose();
    }

    private void Forget()
    {
        _update.Abort();
        _timeline?.Dispose();
        _timeline = null;
    }
}
