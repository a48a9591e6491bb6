using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Shows on Linux and the real systemd what a unit's store of descriptors lives through.</summary>
[Trait("Category", "VM")]
public sealed class FileDescriptorStoreTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    private const string KeeperUnit = $"""
        [Service]
        Type=notify
        ExecStart={RootFixture.Keeper} {RootFixture.Log}
        Restart=on-failure
        RestartSec=0
        FileDescriptorStoreMax=4
        FileDescriptorStorePreserve=yes

        """;

    [Fact]
    public async Task Memfd_OfAUnit_OutlivesRestartKillAndKexec()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            2,
            $$"""
            stage=$(luo-guest stage)
            systemctl start keeper
            if [ "$stage" = 1 ]; then
              systemctl restart keeper
              killed=$(systemctl show -P MainPID keeper)
              kill -9 "$killed"
              until pid=$(systemctl show -P MainPID keeper) && [ "$pid" != 0 ] && [ "$pid" != "$killed" ] &&
                [ "$(systemctl is-active keeper)" = active ]; do sleep 0.1; done
              luo-guest value stored "$(systemctl show -P NFileDescriptorStore keeper)"
              luo-guest kexec
            fi
            luo-guest value version "$(systemctl --version | head -n 1)"
            luo-guest value starts "$(cat {{RootFixture.Log}})"
            """,
            ("keeper.service", KeeperUnit)));
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        Assert.StartsWith("systemd 26", result.Value("version"), StringComparison.Ordinal);
        Assert.Equal("1", result.Value("stored"));
        Assert.Equal(
            [
                "count 1 of 0 descriptors, user 0, at most 4",
                "count 2 of 1 descriptors, user 0, at most 4",
                "count 3 of 1 descriptors, user 0, at most 4",
                "count 4 of 1 descriptors, user 0, at most 4",
            ],
            result.Value("starts").Split('\n'));
    }
}
