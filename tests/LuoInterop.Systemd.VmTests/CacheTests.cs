using System.Text.Json;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Runs the cache server as a unit of the real systemd, unprivileged, through restarts, crashes and live updates.</summary>
[Trait("Category", "Systemd")]
public sealed class CacheTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    private const string Program = Guest.FilesFolder + "/luo-cache";

    private const string Unit = $"""
        [Unit]
        StartLimitIntervalSec=0
        [Service]
        Type=notify
        ExecStart={Program} --memory 64
        Restart=on-failure
        RestartSec=0
        DynamicUser=yes
        FileDescriptorStoreMax=2
        FileDescriptorStorePreserve=yes

        """;

    [Fact]
    public async Task Items_OutliveTenRestarts_ThreeCrashes_AndThreeLiveUpdates()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            4,
            $$"""
            stage=$(luo-guest stage)
            origin() { {{Program}} stats | sed -n 's/^STAT memory_origin //p' | tr -d '\r'; }
            systemctl start luo-cache
            if [ "$stage" = 1 ]; then
              {{Program}} load --name base --keys 2500 --only fill
              {{Program}} load --name load --clients 2 --keys 500 > /var/lib/load.json 2> /var/lib/load.log &
              load=$!
              until grep -q filled /var/lib/load.log; do sleep 0.2; done
              for number in 1 2 3 4 5 6 7 8 9 10; do echo "restart $number"; systemctl restart luo-cache; sleep 0.5; done
              luo-guest value origin.restart "$(origin)"
              for number in 1 2 3; do
                echo "crash $number"
                killed=$(systemctl show -P MainPID luo-cache)
                kill -9 "$killed"
                until pid=$(systemctl show -P MainPID luo-cache) && [ "$pid" != 0 ] && [ "$pid" != "$killed" ] &&
                  [ "$(systemctl is-active luo-cache)" = active ]; do sleep 0.1; done
                sleep 0.5
              done
              luo-guest value origin.crash "$(origin)"
              echo "the load ends"
              kill "$load"
              wait "$load" || luo-guest report "the load saw every value, $?" failed
              luo-guest value load "$(cat /var/lib/load.json)"
            else
              luo-guest value "origin.$stage" "$(origin)"
            fi
            luo-guest value "check.$stage" "$({{Program}} load --name base --keys 2500 --only check)"
            if [ "$stage" != 4 ]; then luo-guest kexec; fi
            """,
            ("luo-cache.service", Unit)) with
        {
            Files = new Dictionary<string, string> { ["luo-cache"] = NativePrograms.Cache },
            TimeLimit = TimeSpan.FromMinutes(40),
            KernelTimeLimit = TimeSpan.FromMinutes(20),
            Output = line => output.WriteLine($"{line.Source}: {line.Text}"),
        });
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        Assert.Equal("restart", result.Value("origin.restart"));
        Assert.Equal("crash", result.Value("origin.crash"));
        for (int stage = 1; stage <= 4; stage++)
        {
            JsonElement check = JsonDocument.Parse(result.Value($"check.{stage}")).RootElement;
            Assert.Equal(10_000, check.GetProperty("hits").GetInt32());
            Assert.Equal(0, check.GetProperty("lost").GetInt32() + check.GetProperty("wrong").GetInt32());
            Assert.True(stage == 1 || result.Value($"origin.{stage}") == "live-update");
        }

        JsonElement load = JsonDocument.Parse(result.Value("load")).RootElement;
        output.WriteLine(load.ToString());
        Assert.Equal(0, load.GetProperty("wrong").GetInt32() + load.GetProperty("lost").GetInt32() + load.GetProperty("misses").GetInt32());
        Assert.InRange(load.GetProperty("downMilliseconds").GetArrayLength(), 10, int.MaxValue);
    }
}
