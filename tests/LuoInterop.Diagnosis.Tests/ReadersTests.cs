using LuoInterop.Diagnosis.Machine;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Diagnosis.Tests;

/// <summary>Holds how files of a machine are read.</summary>
public sealed class ReadersTests
{
    [Theory]
    [InlineData("7.3.4-cloud-amd64", "7.3.4")]
    [InlineData("6.19.0-rc2+", "6.19-rc2")]
    [InlineData("7.4", "7.4")]
    [InlineData("7.3.4.1", null)]
    [InlineData("99999999999.1", null)]
    [InlineData("", null)]
    public void Release_IsRead(string text, string? expected) => Assert.Equal(expected, KernelRelease.Parse(text)?.ToString());

    [Fact]
    public void Releases_AreInOrder()
    {
        KernelRelease[] sorted = [.. ((string[])["7.2.0", "6.19.3", "7.2.0-rc4", "7.10.0", "7.2.1"])
            .Select(static text => KernelRelease.Parse(text)!.Value).Order()];
        Assert.Equal(["6.19.3", "7.2-rc4", "7.2", "7.2.1", "7.10"], sorted.Select(static release => $"{release}"));
    }

    [Theory]
    [InlineData("0::/system.slice/vmm.service", "vmm.service")]
    [InlineData("0::/user.slice/user-0.slice/user@0.service/app.slice/run-1.scope", "run-1.scope")]
    [InlineData("3:cpu:/x.service\n1:name=systemd:/system.slice/a.service/payload", "a.service")]
    [InlineData("0::/", null)]
    [InlineData("", null)]
    public void Unit_IsTheInnermost(string cgroups, string? expected) => Assert.Equal(expected, HoldingProcess.UnitOf(cgroups));

    [Fact]
    public void MemoryInfo_TakesWhatIsWellFormed() => Assert.Equal(
        new MemoryInfo(1 << 20, null, null, 4096),
        MemoryInfo.Parse("MemTotal: 1024 kB\nMemAvailable: lots kB\n"
            + "CmaTotal: 99999999999999999999 kB\nCmaFree:4 kB\n: 1 kB\nMemTotal: 1 kB"));

    [Fact]
    public void Holdings_HaveDeviceSessionsAndMemory()
    {
        using MachineFolder machine = MachineFolder.Ready();
        machine.WithProcess(20, "vmm", "0::/system.slice/vmm.service", "/dev/liveupdate", "anon_inode:[luo_session] ram",
            "/memfd:ram (deleted)", "/secretmem (deleted)")
            .WithProcess(1, "systemd", "0::/init.scope", "anon_inode:[luo_session] store")
            .With("proc/self/comm", "not a number");
        LiveUpdateHoldings holdings = LiveUpdateHoldings.Read(machine.Root);
        Assert.True(holdings.HasDevice);
        Assert.Equal("vmm (pid 20, vmm.service, user 0)", Assert.Single(holdings.Device).ToString());
        Assert.Equal([("store", 1, 0), ("ram", 20, 1)], holdings.Sessions.Select(static session =>
            (session.Name, session.Process.Id, session.Descriptor)));
        HeldMemory memory = Assert.Single(holdings.Memory);
        Assert.Equal((2, null, 1), (memory.Files, memory.Bytes, memory.Refused));
        Assert.Equal(0, holdings.Unreadable);
        Assert.Throws<IOException>(() => LiveUpdateHoldings.Read(machine.Without("proc").Root));
        Assert.Throws<DirectoryNotFoundException>(() => LiveUpdateHoldings.Read("/no/such"));
    }
}
