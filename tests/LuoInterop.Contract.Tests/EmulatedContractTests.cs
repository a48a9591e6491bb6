using LuoInterop.Contract;
using LuoInterop.Emulation;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Shows each rule of the contract on the emulated kernel: the same bodies that Linux is held to.</summary>
public sealed class EmulatedContractTests : IDisposable
{
    private const string CommandLine = "kho=on liveupdate=on";
    private readonly string _image = Path.GetTempFileName();

    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(static scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_Holds(string name) => Run(name, "7.3.4-emulated", "7.3.4-emulated");

    /// <summary>As <see cref="From72Tests"/> and <see cref="From73Tests"/> show it on Linux.</summary>
    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_Holds_FromReleaseToRelease(string name)
    {
        Run(name, "7.2.12-emulated", "7.3.4-emulated");
        Run(name, "7.3.4-emulated", "7.2.12-emulated");
    }

    private void Run(string name, params string[] releases)
    {
        Scenario scenario = Scenario.Named(name);
        var notes = new Dictionary<string, string>();
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = CommandLine, Release = releases[0] });
        for (int i = 0; i < scenario.Bodies.Count; i++)
        {
            Kernel kernel = machine.Boot();
            string release = releases[(i + 1) % 2];
            EmulatedKernelImage.Write(
                _image, release, "CONFIG_KEXEC_HANDOVER=y\nCONFIG_LIVEUPDATE=y\nCONFIG_LIVEUPDATE_MEMFD=y\n");

            using (var stage = new Stage(kernel, scenario.Name, i + 1, notes) { NextKernelPath = _image })
            {
                scenario.Bodies[i](stage);
            }

            if (i + 1 < scenario.Bodies.Count)
            {
                Assert.Throws<EmulatedKexecException>(KexecImage.Load(kernel, _image, null, CommandLine).Reboot);
            }
        }
    }

    public void Dispose() => File.Delete(_image);
}

/// <summary>Shows what the library says on an emulated kernel without live update, as the probes do on Linux.</summary>
public sealed class EmulatedBootTests
{
    [Theory]
    [InlineData("kho=on", LiveUpdateUnavailableReason.LiveUpdateOff)]
    [InlineData("kho=off liveupdate=on", LiveUpdateUnavailableReason.KhoOff)]
    [InlineData("liveupdate=on liveupdate=off", LiveUpdateUnavailableReason.LiveUpdateOff)]
    public void Device_IsMissing_AndTheReasonIsNamed(string commandLine, LiveUpdateUnavailableReason reason)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = commandLine });
        Assert.False(LiveUpdateDevice.TryOpen(machine.Boot(), out _, out LiveUpdateAvailability availability));
        Assert.Equal((reason, Errno.ENOENT), (availability.Reason, availability.Errno));
    }
}
