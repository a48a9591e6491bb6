using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Devices;

namespace MiniVmm.Machine;

/// <summary>Runs a vCPU on a thread of its own: answers its exits, and lets others stop it and start it again.</summary>
/// <remarks>
/// To stop it, <see cref="RequestPause"/> sets the wish and kicks; the thread sees the wish before every entry, completes what its last
/// exit left undone, and only then acknowledges. So whoever has waited for <see cref="WaitUntilPaused"/> finds a vCPU that has done
/// nothing by halves, and that stays where it is.
/// </remarks>
internal sealed class VcpuThread : IDisposable
{
    private readonly KvmVcpu _vcpu;
    private readonly PortBus _ports;
    private readonly Action<MachineEnd> _ended;
    private readonly Thread _thread;
    private readonly object _lock = new();
    private volatile bool _wantsPause = true;
    private bool _wantsEnd;

    // Whether the vCPU stands still, as it does until the first Resume and after the thread has ended.
    private bool _isPaused = true;

    /// <summary>Makes a thread for a vCPU, and starts it: the vCPU stands still, and may be given its state.</summary>
    /// <param name="vcpu">The vCPU, which belongs to this object from now on, unless this throws.</param>
    /// <param name="ports">Answers its port accesses.</param>
    /// <param name="ended">Is told, on the thread, that the guest cannot go on.</param>
    public VcpuThread(KvmVcpu vcpu, PortBus ports, Action<MachineEnd> ended)
    {
        _vcpu = vcpu;
        _ports = ports;
        _ended = ended;
        _thread = new Thread(Loop) { IsBackground = true, Name = $"vcpu {vcpu.Id}" };
        _thread.Start();
    }

    /// <summary>Gets the vCPU.</summary>
    public KvmVcpu Vcpu => _vcpu;

    /// <summary>Asks the vCPU to stop, and returns at once.</summary>
    public void RequestPause()
    {
        lock (_lock)
        {
            _wantsPause = true;
        }

        _vcpu.Kick();
    }

    /// <summary>Waits until the vCPU stands still.</summary>
    public void WaitUntilPaused()
    {
        lock (_lock)
        {
            while (!_isPaused)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>Lets the vCPU run.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _wantsPause = false;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Ends the thread, waits for it, and closes the vCPU.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _wantsEnd = true;
            Monitor.PulseAll(_lock);
        }

        RequestPause();
        _thread.Join();
        _vcpu.Dispose();
    }

    private void Loop()
    {
        try
        {
            // Not entered before it has a state.
            if (!StandStill())
            {
                return;
            }

            while (true)
            {
                if (_wantsPause)
                {
                    // An answer that was given to an exit reaches the guest at the next entry only.
                    while (_vcpu.CompleteExit() is var rest && rest != KvmExitReason.Interrupted)
                    {
                        if (!Answer(rest))
                        {
                            return;
                        }
                    }

                    if (!StandStill())
                    {
                        return;
                    }

                    continue;
                }

                if (!Answer(_vcpu.Run()))
                {
                    return;
                }
            }
        }
        catch (KernelException error)
        {
            _ended(MachineEnd.Failed($"vCPU {_vcpu.Id}: {error.Message}"));
        }
        finally
        {
            lock (_lock)
            {
                _isPaused = true;
                Monitor.PulseAll(_lock);
            }
        }
    }

    // Acknowledges, and waits to be let on; says whether to run on. A new wish that comes before the thread has woken finds it still here.
    private bool StandStill()
    {
        lock (_lock)
        {
            _isPaused = true;
            Monitor.PulseAll(_lock);
            while (_wantsPause && !_wantsEnd)
            {
                Monitor.Wait(_lock);
            }

            _isPaused = _wantsEnd;
            return !_wantsEnd;
        }
    }

    // Says whether the vCPU can run on.
    private bool Answer(KvmExitReason reason)
    {
        switch (reason)
        {
            case KvmExitReason.Interrupted:
                // The flag belongs to whoever kicked; it has done its work once the wish is seen.
                if (!_wantsPause)
                {
                    _vcpu.ImmediateExit = false;
                    if (_wantsPause)
                    {
                        _vcpu.ImmediateExit = true;
                    }
                }

                return true;
            case KvmExitReason.Port:
                AnswerPort();
                return true;
            case KvmExitReason.Mmio:
                if (!_vcpu.MmioAccess.IsWrite)
                {
                    _vcpu.MmioData.Fill(0xff);
                }

                return true;
            case KvmExitReason.Shutdown:
                _ended(MachineEnd.Reset("the guest reset itself by a triple fault"));
                return false;
            case KvmExitReason.SystemEvent:
                _ended(MachineEnd.Reset("the guest asked for a reset"));
                return false;
            case KvmExitReason.FailedEntry:
                _ended(MachineEnd.Failed(
                    $"vCPU {_vcpu.Id}: the processor refuses the guest's state, reason 0x{_vcpu.FailedEntryReason:x}"));
                return false;
            case KvmExitReason.InternalError:
                _ended(MachineEnd.Failed(
                    $"vCPU {_vcpu.Id}: KVM cannot go on, internal error {_vcpu.InternalError}, at 0x{_vcpu.Registers.Rip:x}"));
                return false;
            default:
                _ended(MachineEnd.Failed($"vCPU {_vcpu.Id}: an exit that a guest of this program cannot have: {reason}"));
                return false;
        }
    }

    private void AnswerPort()
    {
        KvmPortAccess access = _vcpu.PortAccess;
        Span<byte> data = _vcpu.PortData;
        for (int i = 0; i < access.Count; i++)
        {
            Span<byte> one = data.Slice(i * access.Size, access.Size);
            if (access.IsWrite)
            {
                _ports.Write(access.Port, one);
            }
            else
            {
                _ports.Read(access.Port, one);
            }
        }
    }
}
