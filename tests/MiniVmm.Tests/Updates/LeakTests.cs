using LuoInterop;
using LuoInterop.Emulation;
using Microsoft.Win32.SafeHandles;
using MiniVmm.Control;
using MiniVmm.Handoff;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Counts what is left behind by updates, refused updates and handoffs, 50 of each in a row.</summary>
[Collection(Alone.Name)]
public sealed class LeakTests
{
    private const string Name = "vm1";
    private const int Times = 50;
    private const int Warmup = 3;
    private const long Ram = 4 << 20;

    [Fact]
    public void Updates_LeaveNothing()
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        Belongings? before = null;
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            HostedVm vm = ++kernels == 1 ? process.Start(Name) : process.Claim(Name);
            if (kernels == Warmup)
            {
                before = Belongings.Count();
            }

            if (kernels < Warmup + Times)
            {
                Assert.Fail(process.Update(host));
            }

            Assert.Equal(Warmup + Times - 1, vm.Status.Updates);
            Belongings.Count().MustNotHaveGrown(before!, Times, Ram);
            return 0;
        }));
    }

    [Fact]
    public void RefusedUpdates_LeaveNothing_AndNoFileFrozen()
    {
        using var host = new EmulatedHost();
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            HostedVm vm = process.Start(Name);
            process.Kernel.HoldsReboot = true;
            Belongings? before = null;
            for (int i = 0; i < Warmup + Times; i++)
            {
                before = i == Warmup ? Belongings.Count() : before;
                Assert.Contains("reboot(KEXEC) was refused with EBUSY", process.Update(host), StringComparison.Ordinal);
            }

            Belongings.Count().MustNotHaveGrown(before!, Times, Ram);
            Assert.Equal("running", vm.Status.State);
            Assert.True(CanGrow(kernel), "a file of the guest's RAM is frozen");
            return 0;
        }));
    }

    [Fact]
    public void Handoffs_LeaveNothing_AndTheLastOneUpdates()
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            if (++kernels == 2)
            {
                Assert.Equal(1, process.Claim(Name).Status.Updates);
                return 0;
            }

            using var chain = new HandoffChain(process, kernel, Name);
            Belongings? before = null;
            for (int i = 0; i < Warmup + Times; i++)
            {
                before = i == Warmup ? Belongings.Count() : before;
                Assert.True(chain.HandOff().StoodStill > 0);
            }

            // A process that has handed its guest over ends, and its listening socket with it; here all are one process.
            Belongings expected = before! with { Descriptors = before.Descriptors + Times };
            Belongings.Count().MustNotHaveGrown(expected, Times, Ram);
            Assert.Fail(process.Update(host));
            return 1;
        }));
    }

    // EPERM of a file that a session preserves.
    private static bool CanGrow(Kernel kernel)
    {
        bool isAny = false;
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            if (new FileInfo(path).LinkTarget is { } target && target.Contains("memfd:ram-low", StringComparison.Ordinal))
            {
                isAny = true;
                using var file = new SafeFileHandle(nint.Parse(Path.GetFileName(path), null), ownsHandle: false);
                if (kernel.FTruncate(file, Ram + 4096) != 0 || kernel.FTruncate(file, Ram) != 0)
                {
                    return false;
                }
            }
        }

        return isAny;
    }
}
