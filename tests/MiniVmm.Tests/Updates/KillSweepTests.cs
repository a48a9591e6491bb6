using LuoInterop;
using LuoInterop.Emulation;
using LuoInterop.Kvm;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Update;
using Xunit;
using Xunit.Abstractions;

namespace MiniVmm.Tests.Updates;

/// <summary>Kills the process in the place of every single call of a live update, one after the other. Before the jump its guest dies with
/// it, and the next process begins anew; after it the guest waits until its session is retrieved, and dies with the process from then on.
/// </summary>
[Collection(Alone.Name)]
public sealed class KillSweepTests(ITestOutputHelper log)
{
    private const string Name = "vm1";
    private const int Cpus = 2;
    private const int LeastBefore = 90;
    private const int LeastAfter = 60;
    private const int Killed = 137;

    // A whole update more for each kill would take the most of the time.
    private const int BetweenWholeUpdates = 10;

    private readonly PatternProgram _pattern = new();

    [Fact]
    public void EveryCallBeforeTheJump_Killed_LeavesNothing_AndTheNextProcessUpdates()
    {
        int n = 0;
        bool isKilled = true;
        while (isKilled)
        {
            using var host = new EmulatedHost();
            int kernels = 0;
            n++;
            int result = host.Machine.Run(kernel => ++kernels == 1
                ? Update(host, kernel, refusing => refusing.ArmKill(n, host.Machine.Faults))
                : Resume(kernel));
            isKilled = result == Killed;
            Assert.Equal(isKilled ? (Killed, 1) : (0, 2), (result, kernels));
            if (isKilled)
            {
                // The name is free, and nothing stands in the way of a guest that has it.
                int next = host.Machine.Run(kernel => ++kernels == 2 ? StartAgain(host, kernel, n) : Resume(kernel));
                Assert.Equal(0, next);
            }
        }

        log.WriteLine($"killed in the place of {n - 1} calls before the jump");
        Assert.True(n > LeastBefore, $"only {n - 1} calls");
    }

    [Fact]
    public void EveryCallAfterTheJump_Killed_LeavesTheGuestUntilItsSessionIsRetrieved_AndNothingFromThenOn()
    {
        int n = 0;
        bool isKilled = true;
        List<bool> waits = [];
        while (isKilled)
        {
            using var host = new EmulatedHost();
            int kernels = 0;
            n++;
            int result = host.Machine.Run(kernel => ++kernels == 1
                ? Update(host, kernel, static _ => { })
                : Resume(kernel, refusing => refusing.ArmKill(n, host.Machine.Faults)));
            isKilled = result == Killed;
            Assert.Equal((isKilled ? Killed : 0, 2), (result, kernels));
            if (isKilled)
            {
                Assert.Equal(0, host.Machine.Run(kernel => ++kernels == 3 ? Claim(host, kernel, n, waits) : Resume(kernel)));
            }
        }

        // In the place of open(2) of the device and of RETRIEVE_SESSION the guest still waits; then it is the process's.
        int first = waits.IndexOf(false);
        log.WriteLine($"killed in the place of {n - 1} calls after the jump; the guest is the process's from call {first} on");
        Assert.True(n > LeastAfter, $"only {n - 1} calls");
        Assert.InRange(first, 1, 10);
        Assert.DoesNotContain(true, waits.Skip(first));
    }

    private int Claim(EmulatedHost host, Kernel kernel, int n, List<bool> waits)
    {
        using (VmUpdate update = VmUpdate.Open(kernel, Name, EmulatedHost.Clock()))
        {
            waits.Add(update.Resumed);
            if (update.Resumed)
            {
                ResumeWhole(update);
                return 0;
            }
        }

        return StartAgain(host, kernel, n);
    }

    private int StartAgain(EmulatedHost host, Kernel kernel, int n) => n % BetweenWholeUpdates == 0
        ? Update(host, kernel, static _ => { })
        : Begin(kernel, static (_, _, _) => 0);

    private int Update(EmulatedHost host, Kernel kernel, Action<RefusingKernel> arm) => Begin(kernel, (refusing, update, machine) =>
    {
        arm(refusing);
        KexecImage image = host.Load(refusing);
        update.Prepare(machine);
        update.Stop(machine);
        update.Jump(image);
        return 1;
    });

    private int Begin(Kernel kernel, Func<RefusingKernel, VmUpdate, GuestMachine, int> then)
    {
        var refusing = new RefusingKernel(kernel);
        using VmUpdate update = VmUpdate.Open(refusing, Name, EmulatedHost.Clock());
        Assert.False(update.Resumed);
        using var machine = new GuestMachine(refusing, GuestRam.Create(refusing, 4 << 20), Cpus, static _ => { });
        machine.Boot(new EmulatedPattern().Load(machine.Ram, Cpus), CpuidMaskKind.Auto);
        machine.Resume();
        MustGoOn(machine);
        return then(refusing, update, machine);
    }

    private int Resume(Kernel kernel, Action<RefusingKernel>? arm = null)
    {
        var refusing = new RefusingKernel(kernel);
        arm?.Invoke(refusing);
        using VmUpdate update = VmUpdate.Open(refusing, Name, EmulatedHost.Clock());
        Assert.True(update.Resumed);
        ResumeWhole(update);
        return 0;
    }

    private void ResumeWhole(VmUpdate update)
    {
        using GuestMachine machine = update.Resume(static _ => { }, KvmClockGap.Advance);
        Assert.Null(_pattern.Look(machine, 1).Fault);
        machine.Resume();
        Assert.True(update.ProveLife(machine, TimeSpan.FromSeconds(30)));
        update.Finish();
        MustGoOn(machine);
    }

    private void MustGoOn(GuestMachine machine)
    {
        IReadOnlyList<long> first = Look(machine);
        for (int i = 0; i < 1000 && Look(machine).SequenceEqual(first); i++)
        {
            Thread.Sleep(1);
        }

        Assert.NotEqual(first, Look(machine));
    }

    private IReadOnlyList<long> Look(GuestMachine machine)
    {
        machine.Pause();
        GuestReport report = _pattern.Look(machine, 1);
        machine.Resume();
        Assert.Null(report.Fault);
        return report.Progress;
    }
}
