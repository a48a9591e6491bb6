using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Machine;
using MiniVmm.Update;

namespace MiniVmm.Control;

/// <content>Goes through live updates.</content>
internal sealed partial class HostedVm
{
    // The connection that the update under way belongs to: with it the update ends, or a guest would stand still for ever.
    private object? _updater;
    private Roster? _roster;
    private KexecImage? _image;
    private KvmClockGap _gap;

    // What was taken from the console for the next kernel.
    private ConsoleState? _waiting;
    private bool _isConsoleBack;

    /// <summary>Retrieves the session of the guest that the kernel before has handed over.</summary>
    /// <param name="gap">What its clock does about the blackout.</param>
    /// <returns>Whether there is one. From now on its memory is held by this process.</returns>
    /// <exception cref="KernelException">There is no live update here.</exception>
    public bool TryOpenHandedOver(KvmClockGap gap)
    {
        _gap = gap;
        lock (_gate)
        {
            OpenUpdate();
            return _update is { } update ? update.Resumed : throw _noUpdate!;
        }
    }

    /// <summary>Resumes it, after <see cref="TryOpenHandedOver"/>. Where that fails the memory is still held, and it can be tried again.
    /// </summary>
    /// <param name="released">Called as soon as the guest runs, before it is known that it does; or null.</param>
    public void ResumeHandedOver(Action? released = null)
    {
        lock (_gate)
        {
            try
            {
                ResumeGuest(_update!, released ?? (static () => { }));
            }
            catch (Exception error)
            {
                // Whatever it is: the end of this process would lose the memory.
                Fail(error.Message);
            }
        }

        _server.Start();
    }

    /// <inheritdoc/>
    public void Closed(object connection)
    {
        lock (_gate)
        {
            if (_updater == connection)
            {
                _say("who had begun the update has gone; the guest runs on.");
                GiveUp();
            }
        }
    }

    private ControlAnswer? DoUpdate(object connection, ControlRequest request)
    {
        switch (request.Request)
        {
            case ControlWord.Prepare:
                Prepare(connection, request.Roster);
                return ControlAnswer.Done;
            case ControlWord.Load:
                MustOwn(connection);
                Load(request);
                return ControlAnswer.Done;
            case ControlWord.StopForUpdate:
                MustOwn(connection);
                GuestMachine machine = MustBe(VmState.Running);
                _state = VmState.Stopping;
                _console.Disconnect();
                StopGuest(() => _update!.Stop(machine, () => _waiting = _console.Take()));
                return ControlAnswer.Done;
            case ControlWord.Jump:
                MustOwn(connection);
                MustBe(VmState.Stopping);
                Jump();
                return ControlAnswer.Done;
            case ControlWord.GiveUp:
                MustOwn(connection);
                GiveUp();
                return ControlAnswer.Done;
            default:
                return null;
        }
    }

    private void MustOwn(object connection)
    {
        if (_updater != connection)
        {
            throw new ControlException("no update was begun on this connection.");
        }
    }

    private void Prepare(object connection, string[]? roster)
    {
        GuestMachine machine = MustBe(VmState.Running);
        if (_updater is not null)
        {
            throw new ControlException("another update is under way.");
        }

        VmUpdate update = _update ?? throw new ControlException(
            Store is null ? $"it cannot be updated live: {_noUpdate?.Message}" : "systemd keeps it, and takes it along: systemctl kexec.");
        try
        {
            if (roster is not null)
            {
                _roster = Roster.Open(_kernel);
                _roster.Preserve(roster);
            }

            WhileBusy.Do(() =>
            {
                update.Prepare(machine);
                return true;
            });
            _updater = connection;
        }
        catch
        {
            CloseRoster();
            throw;
        }
    }

    private void Load(ControlRequest request) => _image = request.Image is { } image
        ? KexecImage.Load(_kernel, image, request.Initrds ?? [], request.CommandLine ?? KernelCommandLine.Reuse(_kernel))
        : KexecImage.TakeLoaded(_kernel);

    private void Jump()
    {
        KexecImage image = _image ?? throw new ControlException("no kernel was loaded for this update.");

        // Who names no image vouches for the one that is loaded.
        _update!.Jump(image, image.IsLoadedElsewhere ? KexecRebootOptions.LoadedElsewhere : KexecRebootOptions.None);
    }

    // Lets the guest run on, as if no update had been begun.
    private void GiveUp()
    {
        EndUpdate();
        if (_machine is { } machine && _state == VmState.Stopping)
        {
            _console.Connect(machine);
            _state = VmState.Running;
        }
    }

    private void EndUpdate()
    {
        if (_updater is null)
        {
            return;
        }

        _updater = null;
        _image = null;
        PutConsoleBack();
        if (_machine is { } machine)
        {
            _update!.GiveUp(machine);
        }

        CloseRoster();
    }

    private void PutConsoleBack()
    {
        _console.PutBack(_waiting);
        _waiting = null;
    }

    private void CloseRoster()
    {
        _roster?.Dispose();
        _roster = null;
    }

    private void Retry()
    {
        if (_state != VmState.Failed || _update is not { } update)
        {
            throw new ControlException("nothing is to be tried again: no guest waits here.");
        }

        try
        {
            ResumeGuest(update, static () => { });
        }
        catch (Exception error) when (IsRefusal(error))
        {
            Fail(error.Message);
            throw;
        }
    }

    private void ResumeGuest(VmUpdate update, Action released)
    {
        _state = VmState.Stopping;
        using MachineAhead? ahead = _ahead;
        _ahead = null;
        GuestMachine machine = update.Resume(_console.Write, _gap, ahead);
        Blackout? blackout;
        try
        {
            if (!_isConsoleBack)
            {
                // Once, however often it is tried, and before what the guest writes next.
                _isConsoleBack = true;
                _console.PutBack(update.Console);
            }

            update.Release(machine);
            released();
            if (!update.ProveLife(machine, s_patience))
            {
                throw new ControlException(machine.Ended.IsCompleted
                    ? $"the guest was put back, and ended: {machine.Ended.Result.Reason}"
                    : $"the guest was put back, and has not run for {s_patience.TotalSeconds:N0} s.");
            }

            blackout = Measure(update);
            update.Finish();
        }
        catch
        {
            // Nothing of it counts: the memory is still the session's, and what the vCPUs had is in it.
            machine.Dispose();
            throw;
        }

        Volatile.Write(ref _updates, update.Updates);
        Run(machine);
        _state = VmState.Running;
        _blackout = blackout is null ? null : new BlackoutStatus(
            "update",
            blackout.Nanoseconds,
            [.. blackout.Parts.Select(static part => new BlackoutPartStatus(part.Name, part.Nanoseconds, part.IsOurs))]);
        _say($"resumed after live update {update.Updates}"
            + (blackout is null ? "" : $"; the guest stood still for {Milliseconds(blackout.Nanoseconds)}"));
    }

    // A guest whose counter began anew runs as well as another.
    private Blackout? Measure(VmUpdate update)
    {
        try
        {
            return update.Measure();
        }
        catch (InvalidDataException error)
        {
            _say($"the blackout cannot be measured: {error.Message}");
            return null;
        }
    }

    private void Fail(string reason)
    {
        _reason = reason;
        _state = VmState.Failed;
        _say($"FAILED: {reason}");
        _say($"the guest's memory is held by this process ({Environment.ProcessId}), and is lost when it ends. Try again: "
            + $"minivmm resume --name {Name} --retry; with a newer program: minivmm handoff --name {Name} --program PROGRAM; or give the "
            + $"memory up: minivmm stop --name {Name}");
    }
}
