using LuoInterop.Kvm;
using MiniVmm.Machine;
using MiniVmm.Store;

namespace MiniVmm.Control;

/// <content>Is kept by systemd while this program is down.</content>
internal sealed partial class HostedVm
{
    private const long NanosecondsOfAMillisecond = 1_000_000;

    /// <summary>Gets where the guest is kept while this program is down; null where it ends with this program.</summary>
    public GuestStore? Store { get; init; }

    /// <summary>Takes the guest that systemd has kept, or starts one and has it kept.</summary>
    /// <param name="make">Makes the machine of a new one, with its beginning.</param>
    /// <param name="look">Says what is wrong with one that stands still and was put back that often, or null; null where that cannot be
    /// seen.</param>
    /// <exception cref="LuoInterop.Systemd.FileDescriptorStoreException">systemd does not keep it.</exception>
    /// <exception cref="KvmStateException">What was kept cannot be used here. It stays in the store.</exception>
    public void StartKept(Func<Action<byte>, GuestMachine> make, Func<GuestMachine, int, string?>? look)
    {
        lock (_gate)
        {
            GuestStore store = Store ?? throw new InvalidOperationException("The VM has no store.");
            if (store.Take(Name) is { } kept)
            {
                ResumeKept(store, kept, look);
            }
            else
            {
                GuestMachine machine = make(_console.Write);
                try
                {
                    store.KeepRam(Name, machine.Ram);
                }
                catch
                {
                    machine.Dispose();
                    throw;
                }

                Run(machine);
                machine.Resume();
                _say("is new; systemd keeps it");
            }

            _state = VmState.Running;
        }

        _server.Start();
    }

    private void ResumeKept(GuestStore store, KeptGuest kept, Func<GuestMachine, int, string?>? look)
    {
        var machine = new GuestMachine(_kernel, kept.Ram, kept.State.Vcpus.Count, _console.Write);
        long stoodStill;
        try
        {
            MachineParts parts = machine.Restore(kept.State, KvmClockGap.Advance);
            if (look?.Invoke(machine, parts.Updates) is { } fault)
            {
                throw new ControlException($"what systemd has kept is not whole: {fault}");
            }

            _console.PutBack(parts.Console);
            Volatile.Write(ref _updates, parts.Updates);
            store.BeforeItRuns(Name);
            UInt128 ticks = machine.ReadCounter() - kept.Counter;
            stoodStill = (long)(ticks * NanosecondsOfAMillisecond / (ulong)machine.CounterKilohertz);
            ResumePutBack(machine);
        }
        catch
        {
            machine.Dispose();
            throw;
        }

        Run(machine);
        _blackout = new BlackoutStatus("store", stoodStill, []);
        _say($"came back from systemd, {_updates} so far{(look is null ? "" : ", its memory whole")}; the guest stood still for "
            + Milliseconds(stoodStill));
    }

    // Stops the guest, and has systemd keep all of it.
    private void Keep(GuestStore store, GuestMachine machine, string reason)
    {
        EndUpdate();
        _console.Disconnect();
        StopGuest(machine.Pause);
        VmEnd end;
        try
        {
            ulong counter = machine.ReadCounter();
            store.KeepState(Name, machine.Save(_updates + 1, _console.Take()), counter);
            end = new VmEnd(false, $"{reason}; systemd keeps it");
        }
        catch (Exception error) when (IsRefusal(error))
        {
            end = new VmEnd(true, $"{reason}, and is lost: {error.Message}");
        }

        _reason = end.Reason;
        _state = VmState.Ended;
        _left.SetResult(end);
    }

    // A guest that has ended by itself, or on request, does not come back.
    private void ForgetKept()
    {
        try
        {
            Store?.Remove(Name);
        }
        catch (Exception error) when (IsRefusal(error))
        {
            _say($"systemd still keeps it: {error.Message}");
        }
    }
}
