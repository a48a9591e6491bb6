using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Shows what <c>systemctl kexec</c> carries of which unit, and what becomes of it while another process has the device.</summary>
[Trait("Category", "Systemd")]
public sealed class KexecMistakesTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    private const string Serve = ServiceRun.Program + " serve cache";

    private const string Holds = "/bin/sh -c 'exec 3<>/dev/liveupdate; exec sleep infinity'";

    private static readonly string[] s_memories = ["preserved", "nopreserve", "onsuccess", "killed"];

    [Fact]
    public async Task UnitsThatPreserve_AreCarried_UnlessTheDeviceIsHeldToTheEnd()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            4,
            ServiceRun.Functions + $$"""
            stage=$(luo-guest stage)
            systemctl start {{string.Join(' ', s_memories)}}
            settled 1 {{string.Join(' ', s_memories)}}
            for unit in {{string.Join(' ', s_memories)}}; do send "$unit.$stage" "$unit"; done
            journalctl -b -q -o cat _PID=1 | grep -i -e luo -e liveupdate > /tmp/luo || :
            luo-guest file "luo.$stage" /tmp/luo
            case "$stage" in
            2) systemctl start held;;
            3) systemctl start survivor;;
            esac
            [ "$stage" = 4 ] || luo-guest kexec
            """,
            ("preserved.service", ServiceRun.Unit(Serve, "Type=notify", "FileDescriptorStoreMax=2", "FileDescriptorStorePreserve=yes")),
            ("nopreserve.service", ServiceRun.Unit(Serve, "Type=notify", "FileDescriptorStoreMax=2")),
            ("onsuccess.service", ServiceRun.Unit(
                Serve, "Type=notify", "FileDescriptorStoreMax=2", "FileDescriptorStorePreserve=on-success")),
            ("killed.service", ServiceRun.Unit(
                Serve, "Type=notify", "KillSignal=SIGKILL", "FileDescriptorStoreMax=2", "FileDescriptorStorePreserve=yes")),
            ("held.service", ServiceRun.Unit(Holds, "Type=exec")),
            ("survivor.service", $"""
            [Unit]
            DefaultDependencies=no
            IgnoreOnIsolate=yes
            SurviveFinalKillSignal=yes
            [Service]
            Type=exec
            ExecStart={Holds}

            """)).WithService());
        output.Show(result);

        result.EnsurePassed();
        Assert.Equal(["New", "LiveUpdate, Verified", "LiveUpdate, Verified", "New"], Origins(result, "preserved"));
        Assert.Equal(["New", "LiveUpdate, Verified", "LiveUpdate, Verified", "New"], Origins(result, "onsuccess"));
        Assert.Equal(["New", "New", "New", "New"], Origins(result, "nopreserve"));
        Assert.Equal(["New", "LiveUpdate, Unfinished", "LiveUpdate, Unfinished", "New"], Origins(result, "killed"));

        // The only one who says why: the last console lines of the third kernel.
        const string Busy = "systemd-shutdown[1]: Failed to open /dev/liveupdate: Device or resource busy";
        Assert.Single(result.Console.Split('\n'), static line => line.Contains(Busy, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Origins(VmResult result, string unit) => Enumerable.Range(1, 4).Select(stage =>
    {
        string line = result.Said($"{unit}.{stage}")[0];
        return line.Contains(" new, ", StringComparison.Ordinal) ? "New" : line.Split("came back from ")[1].TrimEnd('.');
    });
}
