using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Update;
using Xunit;
using Xunit.Abstractions;

namespace MiniVmm.Tests.Updates;

/// <summary>Refuses every single call of a live update, one after the other: before the jump the guest runs on; after it the memory can
/// still be claimed, and the next attempt resumes the guest.</summary>
[Collection(Alone.Name)]
public sealed class RefusalSweepTests(ITestOutputHelper log)
{
    private const string Name = "vm1";
    private const int Cpus = 2;
    private const int LeastBefore = 90;
    private const int LeastAfter = 60;

    private readonly PatternProgram _pattern = new();

    [Theory]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EIO)]
    [InlineData(Errno.EPERM)]
    public void EveryCall_Refused(Errno errno)
    {
        using var host = new EmulatedHost();
        var kernels = 0;
        int result = host.Machine.Run(kernel => ++kernels == 1 ? Before(host, kernel, errno) : After(kernel, errno));
        Assert.Equal((0, 2), (result, kernels));
    }

    private int Before(EmulatedHost host, Kernel kernel, Errno errno)
    {
        var refusing = new RefusingKernel(kernel);
        using VmUpdate update = VmUpdate.Open(refusing, Name, EmulatedHost.Clock());
        using var machine = new GuestMachine(refusing, GuestRam.Create(refusing, 4 << 20), Cpus, static _ => { });
        machine.Boot(new EmulatedPattern().Load(machine.Ram, Cpus), CpuidMaskKind.Auto);
        machine.Resume();
        MustGoOn(machine);
        List<string> refused = [];
        refusing.HoldsReboot = true;
        for (int n = 1; refusing.HoldsReboot; n++)
        {
            refusing.Arm(n, errno);
            Exception error = Record.Exception(() => Update(host, refusing, update, machine));
            refusing.Disarm();
            Assert.True(
                error is KernelException or KvmStateException or SessionCatalogueException, $"{n}, {refusing.Refused}: {error}");
            update.GiveUp(machine);
            MustGoOn(machine);
            refusing.HoldsReboot = refusing.Refused is not null;
            refused.Add(refusing.Refused ?? "none");
        }

        log.WriteLine($"before the jump, {errno}: {refused.Count} refusals: {string.Join(", ", refused)}");
        Assert.True(refused.Count >= LeastBefore, $"only {refused.Count} calls were refused");
        Update(host, refusing, update, machine);
        return 1;
    }

    private static void Update(EmulatedHost host, Kernel kernel, VmUpdate update, GuestMachine machine)
    {
        KexecImage image = host.Load(kernel);
        update.Prepare(machine);
        update.Stop(machine);
        update.Jump(image);
    }

    private int After(Kernel kernel, Errno errno)
    {
        var refusing = new RefusingKernel(kernel);
        using VmUpdate update = VmUpdate.Open(refusing, Name, EmulatedHost.Clock());
        Assert.True(update.Resumed);
        List<string> refused = [];
        for (int n = 1; ; n++)
        {
            refusing.Arm(n, errno);
            GuestMachine? machine = null;
            Exception? error = Record.Exception(() => machine = update.Resume(static _ => { }, KvmClockGap.Advance));
            refusing.Disarm();
            if (error is not null)
            {
                Assert.True(
                    error is KernelException or KvmStateException or SessionCatalogueException, $"{n}, {refusing.Refused}: {error}");
                refused.Add(refusing.Refused!);
                continue;
            }

            if (refusing.Refused is { } nothing)
            {
                // The guest is whole all the same; it does not run, and is made again.
                refused.Add($"({nothing})");
                machine!.Dispose();
                continue;
            }

            using (machine)
            {
                Assert.Null(_pattern.Look(machine!, 1).Fault);
                machine!.Resume();
                Assert.True(update.ProveLife(machine, TimeSpan.FromSeconds(30)));
                update.Finish();
                MustGoOn(machine);
            }

            log.WriteLine($"after the jump, {errno}: {refused.Count} refusals: {string.Join(", ", refused)}");
            Assert.True(refused.Count >= LeastAfter, $"only {refused.Count} calls were refused");
            return 0;
        }
    }

    private void MustGoOn(GuestMachine machine)
    {
        Assert.False(machine.Ended.IsCompleted);
        GuestReport first = Look(machine);
        for (int i = 0; i < 1000 && Look(machine).Progress.SequenceEqual(first.Progress); i++)
        {
            Thread.Sleep(1);
        }

        Assert.NotEqual(first.Progress, Look(machine).Progress);
    }

    private GuestReport Look(GuestMachine machine)
    {
        machine.Pause();
        GuestReport report = _pattern.Look(machine, 1);
        machine.Resume();
        Assert.Null(report.Fault);
        return report;
    }
}
