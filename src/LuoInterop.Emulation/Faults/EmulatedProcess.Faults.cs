using LuoInterop.Interop;

namespace LuoInterop.Emulation;

/// <content>The entry of every call: whether the kernel and the process still live, and the fault that waits for the call.</content>
public sealed partial class EmulatedProcess
{
    private static KernelCall Call(uint request) => request switch
    {
        LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION => KernelCall.CreateSession,
        LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION => KernelCall.RetrieveSession,
        LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD => KernelCall.PreserveFd,
        LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD => KernelCall.RetrieveFd,
        LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH => KernelCall.Finish,
        LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME => KernelCall.GetName,
        _ => KernelCall.Ioctl,
    };

    // Begins a call, and says what it is refused with before it does anything: 0 or -errno.
    private Lock.Scope Enter(KernelCall call, out int refusal)
    {
        Lock.Scope scope = Enter(call, out InjectedFault? fault);
        refusal = -(int)(fault?.Errno ?? Errno.None);
        return scope;
    }

    private Lock.Scope Enter(KernelCall call, out InjectedFault? fault)
    {
        Lock.Scope scope = Enter();
        try
        {
            fault = Meet(call);
            if (_system.HasEnded || _wasKilled)
            {
                throw Death();
            }

            return scope;
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    // Takes the kernel's lock. Who waited for it while another thread's reboot(2) was obeyed blocks for ever on Linux.
    private Lock.Scope Enter()
    {
        _system.ThrowIfEnded();
        Lock.Scope scope = _system.Lock.EnterScope();
        if (!_system.HasEnded && !_hasExited)
        {
            return scope;
        }

        scope.Dispose();
        throw Death();
    }

    // Counts a call of a living process, under the lock. A fault that ends the process or the kernel has done so on return;
    // close(2) and munmap(2) do not throw then, because finalizers make them.
    private InjectedFault? Meet(KernelCall call)
    {
        if (_system.HasEnded || _hasExited)
        {
            return null;
        }

        InjectedFault? fault = _system.Faults.OnCall(call);
        switch (fault?.Effect)
        {
            case FaultEffect.Kill:
                _wasKilled = true;
                Exit();
                break;
            case FaultEffect.CutPower:
                _system.CutPower();
                break;
            default:
                break;
        }

        return fault;
    }

    private Exception Death()
    {
        _system.ThrowIfEnded();
        return _wasKilled ? new EmulatedKillException() : new InvalidOperationException("This emulated process has exited.");
    }
}
