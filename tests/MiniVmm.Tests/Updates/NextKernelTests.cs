using LuoInterop.Emulation;
using LuoInterop.Kvm;
using LuoInterop.Tests.Shared;
using MiniVmm.Control;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Updates into kernels that cannot take the guest: what can be known is refused before the jump, and the guest runs on; what
/// cannot is said after it.</summary>
[Collection(Alone.Name)]
public sealed class NextKernelTests
{
    private const string Name = "vm1";

    [Theory]
    [InlineData("# CONFIG_LIVEUPDATE is not set\n", EmulatedHost.CommandLine, "memory file would be lost")]
    [InlineData("# CONFIG_KEXEC_HANDOVER is not set\n", EmulatedHost.CommandLine, "memory file would be lost")]
    [InlineData("# CONFIG_LIVEUPDATE_MEMFD is not set\n", EmulatedHost.CommandLine, "memory file would be lost")]
    [InlineData("CONFIG_LIVEUPDATE=y\n", "quiet", "liveupdate=on")]
    [InlineData("CONFIG_LIVEUPDATE=y\n", "kho=off liveupdate=on", "kho=off")]
    public void KernelThatIsKnownToCarryNothing_IsRefused_AndTheGuestRunsOn(string configuration, string commandLine, string why)
    {
        using var host = new EmulatedHost();
        EmulatedKernelImage.Write(host.Image, EmulatedHost.Release, configuration);

        IsRefused(host, commandLine, why);
    }

    [Fact]
    public void FileThatIsNoKernel_IsRefused_AndTheGuestRunsOn()
    {
        using var host = new EmulatedHost();
        WrittenFile.Write(host.Image, "no kernel"u8.ToArray());
        IsRefused(host, EmulatedHost.CommandLine, "The image is");
    }

    [Fact]
    public void MissingFile_IsRefused_AndTheGuestRunsOn()
    {
        using var host = new EmulatedHost();
        File.Delete(host.Image);
        IsRefused(host, EmulatedHost.CommandLine, "bzImage");
    }

    [Fact]
    public void KernelWithoutLiveUpdate_IsNamedByResume()
    {
        using var host = new EmulatedHost();
        EmulatedKernelImage.Write(host.Image, "6.18.1");
        Assert.Equal(0, Run(host, static process =>
        {
            Assert.Equal(VmHost.Failure, process.Resume(Name));
            Assert.Contains("cannot be had in this one, and is lost.", process.Said, StringComparison.Ordinal);
            Assert.EndsWith("there is nothing to resume.", process.Said, StringComparison.Ordinal);
            Assert.DoesNotContain("stays", process.Said, StringComparison.Ordinal);
        }));
    }

    [Fact]
    public void KernelThatLacksTheHandlerOfMemoryFiles_IsNamedByResume()
    {
        using var host = new EmulatedHost();
        Assert.Equal(0, Run(
            host,
            static process =>
            {
                Assert.Equal(VmHost.Failure, process.Resume(Name));
                Assert.Contains("EIO", process.Said, StringComparison.Ordinal);
                Assert.Contains("cannot be had in this one, and is lost.", process.Said, StringComparison.Ordinal);
            },
            static faults => faults.OmitMemfdHandler()));
    }

    [Fact]
    public void KernelWithoutKvm_HoldsTheMemory_AndSaysSo()
    {
        using var host = new EmulatedHost();
        Assert.Equal(0, Run(host, static process =>
        {
            process.Kernel.MissingPath = KvmDevice.DefaultPath;
            Assert.Null(process.Resume(Name));
            VmStatus status = process.Status(Name)!;
            Assert.Equal("failed", status.State);
            Assert.Contains("KVM device", status.Reason, StringComparison.Ordinal);
            Assert.Contains("the guest's memory is held by this process", process.Said, StringComparison.Ordinal);
            Assert.Contains(
                "KVM device",
                Assert.Throws<ControlException>(() => process.Ask(Name, new ControlRequest { Request = ControlWord.Retry })).Message,
                StringComparison.Ordinal);

            // Its module is loaded late.
            process.Kernel.MissingPath = null;
            process.Ask(Name, new ControlRequest { Request = ControlWord.Retry });
            Assert.Equal(("running", 1), (process.Status(Name)!.State, process.Status(Name)!.Updates));
        }));
    }

    private static void IsRefused(EmulatedHost host, string commandLine, string why) => Assert.Equal(0, host.Machine.Run(kernel =>
    {
        using var process = new HostProcess(kernel, host.NewRunFolder());
        process.Start(Name);
        string refusal = process.Update(host, commandLine: commandLine);
        Assert.Contains(why, refusal, StringComparison.Ordinal);
        Assert.EndsWith("No update was made; the guest runs on.", refusal, StringComparison.Ordinal);
        Assert.Equal("running", process.Status(Name)!.State);
        return 0;
    }));

    private static int Run(EmulatedHost host, Action<HostProcess> after, Action<FaultInjection>? arm = null)
    {
        int kernels = 0;
        return host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            if (++kernels == 2)
            {
                after(process);
                return 0;
            }

            process.Start(Name);
            arm?.Invoke(host.Machine.Faults);
            Assert.Fail(process.Update(host));
            return 1;
        });
    }
}
