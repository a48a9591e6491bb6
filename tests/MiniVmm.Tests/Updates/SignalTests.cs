using System.Runtime.InteropServices;
using LuoInterop;
using LuoInterop.Emulation;
using MiniVmm.Control;
using Tmds.Linux;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Sends a process the signals of minivmm.</summary>
[Collection(Alone.Name)]
public sealed class SignalTests
{
    private const string Name = "vm1";

    [Fact]
    public void UserSignal_UpdatesIntoTheKernelThatIsNamed_AndTheGuestGoesOn()
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

            process.Start(Name);

            // The first kernel's command line is used again: kho=on liveupdate=on.
            var settings = new HostSettings(process.Kernel, process.Folder, ConsoleKind.Socket, host.Image);
            using var signals = new VmHost(process.Say, () => HostRun.UpdateAsync(settings, process.Say));
            Raise();
            while (!process.Kernel.IsGone)
            {
                Assert.DoesNotContain("No update was made", process.Said, StringComparison.Ordinal);
                Thread.Sleep(1);
            }

            process.Kernel.ThrowIfGone();
            return 1;
        }));
        Assert.Equal(2, kernels);
    }

    [Fact]
    public void UserSignal_WithoutAKernel_SaysSo_AndTheGuestRunsOn()
    {
        using var host = new EmulatedHost();
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            process.Start(Name);
            var settings = new HostSettings(process.Kernel, process.Folder, ConsoleKind.Socket, null);
            using var signals = new VmHost(process.Say, () => HostRun.UpdateAsync(settings, process.Say));
            Raise();
            while (!process.Said.Contains("No update was made; the guest runs on.", StringComparison.Ordinal))
            {
                Thread.Sleep(1);
            }

            Assert.Contains("no kernel image is loaded", process.Said, StringComparison.Ordinal);
            Assert.Equal("running", process.Status(Name)!.State);
            return 0;
        }));
    }

    private static void Raise() => Assert.Equal(0, LibC.kill(LibC.getpid(), LibC.SIGUSR1));
}
