using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of stopping a vCPU from another thread.</summary>
public static class VcpuKicks
{
    /// <summary>inc byte [0x2000]; and again.</summary>
    private static readonly byte[] CountForEver = [0xFE, 0x06, 0x00, 0x20, 0xEB, 0xFA];

    public static void Kick_BeforeTheRun_StopsIt_UntilItIsCleared(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(CountForEver);
        vcpu.Kick();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(KvmExitReason.Interrupted, vcpu.Run());
            Assert.True(vcpu.ImmediateExit);
        }

        Assert.Equal(0, machine.Memory[0x2000]);
        vcpu.ImmediateExit = false;
        Stop(machine);
        Assert.False(vcpu.ImmediateExit);
    }

    public static void Kick_WhileTheGuestLoops_StopsIt_AndItGoesOn(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(CountForEver);
        for (int i = 0; i < 20; i++)
        {
            machine.Memory[0x2000] = 0;
            Stop(machine);
            Assert.InRange(machine.Vcpu.Registers.Rip, 0x1000UL, 0x1004UL);
        }
    }

    /// <summary>A kick at any moment, before, in or after a run, stops one: none is lost, and the thread never stays inside.</summary>
    public static void Kick_AtAnyMoment_1000Times(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(CountForEver);
        using var seen = new SemaphoreSlim(0);
        bool ends = false;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                while (!Volatile.Read(ref ends))
                {
                    KvmExitReason reason = vcpu.Run();
                    Assert.Equal(KvmExitReason.Interrupted, reason);
                    if (vcpu.ImmediateExit)
                    {
                        vcpu.ImmediateExit = false;
                        seen.Release();
                    }
                }
            }
            catch (Exception error)
            {
                failure = error;
                seen.Release(1001);
            }
        });
        thread.Start();
        for (int i = 0; i < 1000; i++)
        {
            // From at once to some thousand turns later, so that the kicks meet all of the way into the guest and back.
            Thread.SpinWait(i * 7 % 2000);
            vcpu.Kick();
            seen.Wait();
        }

        Volatile.Write(ref ends, true);
        vcpu.Kick();
        thread.Join();
        Assert.Null(failure);
    }

    /// <summary>A vCPU that waits for an interrupt has no exit of its own; a kick gets it out, and it still waits.</summary>
    public static void Kick_OfAHaltedVcpu_StopsIt_AndItStaysHalted(Kernel kernel)
    {
        // mov byte [0x2000], 1; hlt; mov byte [0x2000], 2.
        using var machine = new StateMachine(kernel);
        machine.Boot(0xC6, 0x06, 0x00, 0x20, 0x01, 0xF4, 0xC6, 0x06, 0x00, 0x20, 0x02, 0xF4);
        StopHalted(machine);
        Assert.Equal(0x1006UL, machine.Vcpu.Registers.Rip);
        using StateMachine other = machine.Move();
        Assert.Equal(KvmMpState.Halted, other.Vcpu.MpState);
        StopHalted(other);
        Assert.Equal((1, 0x1006UL), (other.Memory[0x2000], other.Vcpu.Registers.Rip));
    }

    /// <summary>Runs the guest in this thread until it is kicked from another, and clears the kick.</summary>
    internal static void Stop(StateMachine machine)
    {
        KvmVcpu vcpu = machine.Vcpu;
        var kicker = new Thread(() =>
        {
            while (Volatile.Read(ref machine.Memory[0x2000]) == 0)
            {
                Thread.Yield();
            }

            vcpu.Kick();
        });
        kicker.Start();
        Assert.Equal(KvmExitReason.Interrupted, machine.Run());
        kicker.Join();
        vcpu.ImmediateExit = false;
    }

    /// <summary>Runs the guest until it has halted.</summary>
    internal static void StopHalted(StateMachine machine)
    {
        do
        {
            using var kicker = new Timer(_ => machine.Vcpu.Kick(), null, 20, Timeout.Infinite);
            Assert.Equal(KvmExitReason.Interrupted, machine.Run());
            machine.Vcpu.ImmediateExit = false;
        }
        while (machine.Vcpu.MpState != KvmMpState.Halted);
    }
}
