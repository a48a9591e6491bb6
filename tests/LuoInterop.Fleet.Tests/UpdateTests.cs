using System.Text.Json;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Fleet.Tests;

/// <summary>Takes three hosts through live updates with the playbook, as an operator does; each host is a VM.</summary>
[Trait("Category", "Systemd")]
public sealed class UpdateTests(Fleet fleet, ITestOutputHelper output) : IClassFixture<Fleet>
{
    private const int Keys = 1000;

    [Fact]
    public async Task Fleet_StopsAtAWrongKernel_UpdatesAllHosts_AndGoesOnWithoutHostsThatLosePowerOrMemory()
    {
        await using FleetHost first = new("first", 4, fleet, Log);
        await using FleetHost second = new("second", 3, fleet, Log);
        await using FleetHost third = new("third", 3, fleet, Log);
        FleetHost[] hosts = [first, second, third];
        foreach (FleetHost host in hosts)
        {
            await host.WaitAsync();
            host.Run($"systemctl start luo-cache; {Guest.FilesFolder}/luo-cache load --name base --keys {Keys} --only fill");
        }

        // The second one's next kernel is wrong: that is said before its jump, and the third is left alone.
        second.NextKernel = $"{Guest.FilesFolder}/wrong-kernel";
        string text = Update(2, hosts, "luo_update_on_failure=stop");
        Assert.Matches(@"fatal: \[second\].*luoctl check-next .*wrong-kernel ended with 1", text);
        AssertServes(hosts, [2, 1, 1]);

        second.NextKernel = FleetHost.Kernel;
        text = Update(0, hosts, "luo_update_batch=2");
        Assert.Equal(3, text.Split("updated, and everything came back").Length - 1);
        AssertServes(hosts, [3, 2, 2]);
        Assert.All(hosts, static host => Assert.True(host.IsInService()));

        // The second one loses its power when its third kernel is up, the third one a unit. The others go on; the playbook says what is
        // missing, and does not take it back into service.
        second.LosePowerAt(3);
        second.Timeout = 60;
        third.LoseCacheOnTheWayDown();
        text = Update(2, hosts, "luo_update_on_failure=go-on");
        Assert.True(second.HasLostPower);
        Assert.Equal(1, text.Split("updated, and everything came back").Length - 1);
        Assert.Matches("second.*Start the next kernel", text);
        Assert.Matches(@"third.*Everything came back: luoctl verify ended with 1: .*luo-cache\.service.* did not come back", text);
        Assert.Equal((true, false, 3), (first.IsInService(), third.IsInService(), third.Stage()));
        AssertServes([first], [4]);
        foreach (FleetHost host in new[] { first, third })
        {
            (await host.EndAsync()).EnsurePassed();
        }
    }

    private string Update(int code, IEnumerable<FleetHost> hosts, params string[] settings)
    {
        (int ended, string text) = fleet.Update(hosts, settings);
        output.WriteLine(text);
        Assert.Equal(code, ended);
        return text;
    }

    /// <summary>Holds each host to the number of its kernel, and to every key of its cache.</summary>
    private static void AssertServes(IEnumerable<FleetHost> hosts, IEnumerable<int> stages)
    {
        Assert.Equal(stages, hosts.Select(static host => host.Stage()));
        foreach (FleetHost host in hosts)
        {
            host.Run("systemctl start luo-cache");
            JsonElement check = JsonDocument.Parse(
                host.Run($"{Guest.FilesFolder}/luo-cache load --name base --keys {Keys} --only check")).RootElement;
            Assert.Equal(4 * Keys, check.GetProperty("hits").GetInt32());
            Assert.Equal(0, check.GetProperty("lost").GetInt32() + check.GetProperty("wrong").GetInt32());
        }
    }

    private void Log(string line) => output.WriteLine(line);
}
