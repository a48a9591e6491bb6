using LuoInterop;
using LuoInterop.Emulation;
using MiniVmm.Control;
using Xunit;
using Xunit.Abstractions;

namespace MiniVmm.Tests.Updates;

/// <summary>Refuses every single allocation that the kernel makes for an update, one after the other: before the jump the guest runs on;
/// after it the guest is resumed, or its memory is held, or it is said that the kernel has lost it.</summary>
[Collection(Alone.Name)]
public sealed class AllocationSweepTests(ITestOutputHelper log)
{
    private const string Name = "vm1";

    [Fact]
    public void EveryAllocationBeforeTheJump_Refused_TheGuestRunsOn()
    {
        using var host = new EmulatedHost();
        int refusals = 0;
        int kernels = 0;
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            if (++kernels == 2)
            {
                Assert.Equal("running", process.Claim(Name).Status.State);
                return 0;
            }

            process.Start(Name);
            process.Kernel.HoldsReboot = true;
            for (bool isMet = true; isMet;)
            {
                InjectedFault fault = host.Machine.Faults.FailAllocation(AllocationKind.Any, refusals + 1);
                string refusal = process.Update(host);
                isMet = fault.HasFired;
                host.Machine.Faults.Clear();
                refusals += isMet ? 1 : 0;
                Assert.EndsWith("the guest runs on.", refusal, StringComparison.Ordinal);
                Assert.Equal("running", process.Status(Name)!.State);
            }

            process.Kernel.HoldsReboot = false;
            Assert.Fail(process.Update(host));
            return 1;
        }));
        log.WriteLine($"{refusals} allocations before the jump");
        Assert.True(refusals > 10, $"only {refusals}");
    }

    [Fact]
    public void EveryAllocationAfterTheJump_Refused_TheGuestIsResumed_OrHeld_OrItIsSaidThatItIsLost()
    {
        Dictionary<string, int> ends = [];
        int n = 0;
        for (bool isMet = true; isMet;)
        {
            n++;
            using var host = new EmulatedHost();
            int kernels = 0;
            Assert.Equal(0, host.Machine.Run(kernel =>
            {
                using var process = new HostProcess(kernel, host.NewRunFolder());
                if (++kernels == 1)
                {
                    process.Start(Name);
                    Assert.Fail(process.Update(host));
                }

                InjectedFault fault = host.Machine.Faults.FailAllocation(AllocationKind.Any, n);
                int? code = process.Resume(Name);
                isMet = fault.HasFired;
                host.Machine.Faults.Clear();
                string end = EndOf(process, code);
                ends[end] = ends.GetValueOrDefault(end) + 1;
                return 0;
            }));
        }

        log.WriteLine($"{n - 1} allocations after the jump: {string.Join(", ", ends.Select(static end => $"{end.Value} {end.Key}"))}");
        Assert.True(n > 10, $"only {n - 1}");
    }

    private static string EndOf(HostProcess process, int? code)
    {
        if (code is not null && process.Said.Contains("cannot be had in this one, and is lost", StringComparison.Ordinal))
        {
            // What the device could not read when it was opened first it does not read again in this boot.
            Assert.Contains("EIO", process.Said, StringComparison.Ordinal);
            return "lost by the kernel when the device was opened, and said";
        }

        if (code is not null)
        {
            // Nothing was taken, and what was handed over stays: the next attempt has it.
            Assert.Contains("Nothing was taken, and what was handed over stays", process.Said, StringComparison.Ordinal);
            Assert.Null(process.Resume(Name));
            Assert.Equal("running", process.Status(Name)!.State);
            return "resumed by the next process";
        }

        VmStatus status = process.Status(Name)!;
        if (status.State == "running")
        {
            return "resumed all the same";
        }

        Assert.Equal("failed", status.State);
        try
        {
            process.Ask(Name, new ControlRequest { Request = ControlWord.Retry });
            Assert.Equal("running", process.Status(Name)!.State);
            return "resumed by a retry";
        }
        catch (ControlException error)
        {
            // A retrieve that fails in the kernel has freed the file: the contract gives it once.
            Assert.Contains("lost", error.Message, StringComparison.Ordinal);
            return "lost by the kernel, and said";
        }
    }
}
