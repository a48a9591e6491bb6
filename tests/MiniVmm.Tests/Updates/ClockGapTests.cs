using System.Diagnostics;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Update;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Shows what a guest's clock does about the time that it stood still, while its counter goes on.</summary>
[Collection(Alone.Name)]
public sealed class ClockGapTests
{
    private const string Name = "vm1";
    private const long Gap = 300;
    private const ulong Milliseconds = 1_000_000;

    [Theory]
    [InlineData(KvmClockGap.Advance)]
    [InlineData(KvmClockGap.Hide)]
    public void Clock_AdvancesByTheGap_OrHidesIt(KvmClockGap gap)
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        ulong before = 0;
        long stopped = 0;
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using VmUpdate update = VmUpdate.Open(kernel, Name, EmulatedHost.Clock());
            if (++kernels == 1)
            {
                using var first = new GuestMachine(kernel, GuestRam.Create(kernel, 4 << 20), 1, static _ => { });
                first.Boot(new EmulatedPattern().Load(first.Ram, 1), CpuidMaskKind.Auto);
                first.Resume();
                update.Prepare(first);
                first.Pause();
                stopped = Stopwatch.GetTimestamp();
                before = first.Save(1).Vm.Clock;
                update.Stop(first);
                Thread.Sleep((int)Gap);
                update.Jump(host.Load(kernel));
            }

            // The guest stands still, its clock goes on from where it was put.
            using GuestMachine machine = update.Resume(static _ => { }, gap);
            long restored = Stopwatch.GetTimestamp();
            ulong after = machine.Save(1).Vm.Clock;
            ulong since = (ulong)Stopwatch.GetElapsedTime(restored).Ticks * 100;
            Assert.True(after >= before);
            ulong passed = after - before;
            ulong whole = (ulong)Stopwatch.GetElapsedTime(stopped).Ticks * 100;
            if (gap == KvmClockGap.Advance)
            {
                Assert.InRange(passed, (ulong)Gap * Milliseconds, whole + Milliseconds);
            }
            else
            {
                // All but the sleep: from the first Save to that of Stop, and from the restore on.
                Assert.True(passed < whole - ((ulong)Gap * Milliseconds) + since + Milliseconds, $"{passed} of {whole}");
            }

            machine.Resume();
            Assert.True(update.ProveLife(machine, TimeSpan.FromSeconds(30)));
            update.Finish();
            return 0;
        }));
    }
}
