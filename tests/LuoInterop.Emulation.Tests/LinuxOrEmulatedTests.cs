using LuoInterop.Emulation;
using Xunit;

namespace LuoInterop.Emulation.Tests;

/// <summary>Shows that emulation stands in only where Linux has no live update, and never silently.</summary>
public sealed class LinuxOrEmulatedTests
{
    [Fact]
    public void MissingDevice_EmulationStandsIn_AndSaysWhyFirst()
    {
        var course = new List<string>();
        int code = EmulatedMachine.RunOnLinuxOrEmulated(
            kernel =>
            {
                course.Add(kernel is EmulatedProcess ? "emulated" : "linux");
                return 7;
            },
            why => course.Add(why.Errno.ToString()),
            new EmulatedMachineOptions { DevicePath = "/dev/no-such-liveupdate" });
        Assert.Equal(7, code);
        Assert.Equal(["ENOENT", "emulated"], course);
    }

    [Fact]
    public void DeviceThatOpens_LinuxRuns_AndNothingIsSaid()
    {
        int code = EmulatedMachine.RunOnLinuxOrEmulated(
            static kernel => ReferenceEquals(kernel, Kernel.Linux) ? 3 : 4,
            static _ => Assert.Fail("Emulation stood in for a device that opens."),
            new EmulatedMachineOptions { DevicePath = "/dev/null" });
        Assert.Equal(3, code);
    }

    [Fact]
    public void DeviceThatRefuses_IsAnError_NotAReasonToEmulate()
    {
        KernelException error = Assert.Throws<KernelException>(() => EmulatedMachine.RunOnLinuxOrEmulated(
            static _ => 0,
            static _ => Assert.Fail("Emulation stood in for a device that refuses."),
            new EmulatedMachineOptions { DevicePath = "/dev" }));
        Assert.Equal(Errno.EISDIR, error.Errno);
    }
}
