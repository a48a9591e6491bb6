using LuoInterop;
using LuoInterop.Kvm;
using LuoInterop.VmTesting;
using MiniVmm.Handoff;
using MiniVmm.Machine;
using MiniVmm.Update;

namespace MiniVmm.Control;

/// <content>Moves the guest into another process of the same kernel, and takes it there.</content>
internal sealed partial class HostedVm
{
    /// <summary>Gets what starts the process that is to take the guest, of a program and its first arguments.</summary>
    public Func<IReadOnlyList<string>, HandoffProcess> StartOther { get; init; } = HandoffProcess.Start;

    /// <summary>Takes a guest from another process, and runs it.</summary>
    /// <exception cref="ControlException">It cannot be taken; the other process keeps it.</exception>
    public void TakeOver(TakenGuest guest)
    {
        lock (_gate)
        {
            // The socket stays the other process's until the guest is here.
            _isMoved = true;
            if (guest.IsHeld)
            {
                _gap = Enum.TryParse(guest.Offer.Clock, out KvmClockGap gap) ? gap : KvmClockGap.Advance;
                _update = VmUpdate.Adopt(guest.TakeSession(), UpdateClock.OfThisProcess());
                ResumeGuest(_update, static () => { });
                guest.Acknowledge(0);
            }
            else
            {
                TakeRunning(guest);
            }

            _isMoved = false;
        }

        _server.Start();
    }

    private void TakeRunning(TakenGuest guest)
    {
        OpenUpdate();
        GuestMachine machine = guest.Build(_console.Write);
        long stoodStill;
        try
        {
            stoodStill = guest.Restore(machine);
            _console.PutBack(guest.Console);
            _update?.TakeOver(guest.Offer.Updates);
            ResumePutBack(machine);
        }
        catch
        {
            machine.Dispose();
            throw;
        }

        guest.Acknowledge(stoodStill);
        Volatile.Write(ref _updates, guest.Offer.Updates);
        Run(machine);
        _state = VmState.Running;
        _blackout = new BlackoutStatus("handoff", stoodStill, []);
        _say($"goes on in process {Environment.ProcessId}; the guest stood still for {Milliseconds(stoodStill)}");
    }

    /// <summary>Lets a guest that was put back run, and waits until it is seen to.</summary>
    /// <exception cref="ControlException">It does not run.</exception>
    private static void ResumePutBack(GuestMachine machine)
    {
        VcpuMark[] marks = machine.Marks();
        machine.Resume();
        if (!ProofOfLife.Wait(machine, marks, s_patience))
        {
            throw new ControlException($"the guest was put back, and has not run for {s_patience.TotalSeconds:N0} s.");
        }
    }

    private ControlAnswer HandOff(string[]? program)
    {
        if (_state == VmState.Failed && _update is { Session: { } session } update)
        {
            return HandOffHeld(update, session, program);
        }

        GuestMachine machine = MustBe(VmState.Running);
        if (_updater is not null)
        {
            throw new ControlException("an update is under way.");
        }

        using HandoffProcess other = StartOther(Program(program));
        bool isGone = false;
        _state = VmState.Stopping;
        _server.Suspend();
        try
        {
            Offer(other, machine);
            Send(other, machine);
            isGone = true;
            other.Send(HandoffMessage.Of(HandoffMessage.Go));
            HandoffMessage alive = other.Receive(HandoffMessage.Alive, s_patience * 2);
            Leave(other.Id);
            return new ControlAnswer { Ok = true, ProcessId = other.Id, StoodStill = alive.StoodStill };
        }
        catch (Exception error) when (error is ControlException or TimeoutException or IOException or KernelException or KvmStateException)
        {
            other.End();
            if (isGone && error is not HandoffRefusedException)
            {
                // It may have run there, and changed its memory: what was saved no longer belongs to it.
                string lost = $"the other process had begun to run the guest, and failed: {error.Message}";
                EndGuest(new VmEnd(true, lost));
                throw new ControlException(lost, error);
            }

            PutConsoleBack();
            _console.Connect(machine);
            machine.Resume();
            _state = VmState.Running;
            _server.Start();
            throw new ControlException($"{error.Message} The guest runs on in this process.", error);
        }
    }

    private static IReadOnlyList<string> Program(string[]? program) => program is { Length: > 0 } ? program : ThisProgram.Command;

    // Lets another program resume what this one cannot: a newer one reads a newer state. Both have the session until it is finished there.
    private ControlAnswer HandOffHeld(VmUpdate update, LiveUpdateSession session, string[]? program)
    {
        using HandoffProcess other = StartOther(Program(program));
        _server.Suspend();
        try
        {
            other.Send(
                new HandoffMessage { Kind = HandoffMessage.Held, Guest = OfferOf(0) },
                _server.Descriptor,
                (int)session.Handle.DangerousGetHandle());
            other.Receive(HandoffMessage.Alive, s_patience * 3);
        }
        catch (Exception error) when (error is ControlException or TimeoutException or IOException)
        {
            other.End();
            _server.Start();
            throw new ControlException($"{error.Message} The guest's memory is held by this process as before.", error);
        }

        // It is finished there already: here this only says that nothing is lost by closing it.
        update.Finish();
        Leave(other.Id);
        return new ControlAnswer { Ok = true, ProcessId = other.Id };
    }

    private void Leave(int process)
    {
        _isMoved = true;
        _reason = $"it is in process {process} now";
        _state = VmState.Ended;
        _left.SetResult(new VmEnd(false, _reason));
    }

    private HandoffOffer OfferOf(int cpus)
    {
        ConsoleKind kind = _console.Kind == ConsoleKind.Terminal && Output.Terminal.IsThere ? ConsoleKind.Socket : _console.Kind;
        return new HandoffOffer(Name, _folder.FolderPath, kind.ToString().ToLowerInvariant(), cpus, _updates, _gap.ToString());
    }

    private void Offer(HandoffProcess other, GuestMachine machine)
    {
        int[] descriptors =
        [
            _server.Descriptor, .. machine.Ram.Ranges.Select(static range => (int)range.File.Handle.DangerousGetHandle()),
        ];
        other.Send(new HandoffMessage { Kind = HandoffMessage.Offer, Guest = OfferOf(machine.Cpus) }, descriptors);
        other.Receive(HandoffMessage.Ready, s_patience);
    }

    // Stops the guest, and sends its state. On return the other process has all of it, and waits.
    private void Send(HandoffProcess other, GuestMachine machine)
    {
        _console.Disconnect();
        StopGuest(machine.Pause);
        ulong counter = machine.ReadCounter();
        _waiting = _console.Take();
        byte[] state = machine.Save(_updates, _waiting).ToBytes();
        using Memfd file = Memfd.Create(_kernel, "state", state.Length);
        file.Write(0, state);
        var message = new HandoffMessage { Kind = HandoffMessage.State, Counter = counter };
        other.Send(message, (int)file.Handle.DangerousGetHandle());
        other.Receive(HandoffMessage.Restored, s_patience);
    }
}
