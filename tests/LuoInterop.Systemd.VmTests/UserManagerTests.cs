using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Shows what a service of a user's manager keeps: over restarts and crashes, and over a kexec.</summary>
[Trait("Category", "Systemd")]
public sealed class UserManagerTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    [Fact]
    public async Task Memory_OfAUsersService_OutlivesAKexec_WhereTheManagersUnitHasAStoreItself()
    {
        VmOptions options = fixture.Script(
            3,
            """
            stage=$(luo-guest stage)
            id keeper 2> /dev/null || /usr/sbin/useradd -m -u 1000 keeper
            if [ "$stage" = 2 ]; then
              mkdir -p /etc/systemd/system/user@.service.d
              cd /etc/systemd/system/user@.service.d
              printf '[Service]\nFileDescriptorStoreMax=32\nFileDescriptorStorePreserve=yes\n' > store.conf
              systemctl daemon-reload
            fi
            user() { setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/run/user/1000 systemctl --user "$@"; }
            log() { journalctl --sync; journalctl -b -q -o cat _SYSTEMD_USER_UNIT=memory.service; }
            settled() { until [ "$(log | grep -c ' Health ')" -ge "$1" ]; do sleep 0.3; done; }
            systemctl start user@1000.service
            user start memory
            settled 1
            if [ "$stage" = 1 ]; then
              user restart memory
              settled 2
              kill -9 "$(user show -P MainPID memory)"
              settled 3
              user stop memory
              user start memory
              settled 4
            fi
            log > /tmp/log
            luo-guest file "memory.$stage" /tmp/log
            user show -P NFileDescriptorStore memory
            systemctl show -P NFileDescriptorStore user@1000.service
            [ "$stage" = 3 ] || luo-guest kexec
            """).WithService();
        VmResult result = await VirtualMachine.RunAsync(options with
        {
            RootFiles = new Dictionary<string, string>
            {
                ["/etc/systemd/user/memory.service"] = ServiceRun.Unit(
                    ServiceRun.Program + " serve cache",
                    "Type=notify",
                    "Restart=on-failure",
                    "RestartSec=0",
                    "FileDescriptorStoreMax=2",
                    "FileDescriptorStorePreserve=yes"),
            },
        });
        output.Show(result);

        output.WriteLine(result.StandardOutput);
        result.EnsurePassed();
        const string Healthy = "Health Healthy: Every memory is kept.";
        const string Closed = "Memory cache: 1048576 bytes closed and kept.";
        const string Restarted = "Memory cache: 1048576 bytes came back from Restart, Verified.";
        const string New = "Memory cache: new, 1048576 bytes.";
        Assert.Equal(
            [
                New, Healthy, Closed, Restarted, Healthy,
                "Memory cache: 1048576 bytes came back from Crash, Unfinished.", Healthy, Closed, Restarted, Healthy,
            ],
            result.Said("memory.1"));

        // The manager's unit had no store in the first kernel, and had one in the second.
        Assert.Equal([New, Healthy], result.Said("memory.2"));
        Assert.Equal(["Memory cache: 1048576 bytes came back from LiveUpdate, Verified.", Healthy], result.Said("memory.3"));
    }
}
