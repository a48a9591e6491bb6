using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Makes each mistake of docs/systemd.md under the real systemd, and looks at what the service's log says.</summary>
[Trait("Category", "Systemd")]
public sealed class MistakesTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    private const string Serve = ServiceRun.Program + " serve cache";

    private const string New = "Memory cache: new, 1048576 bytes.";

    private const string Closed = "Memory cache: 1048576 bytes closed and kept.";

    private const string Restarted = "Memory cache: 1048576 bytes came back from Restart, Verified.";

    private const string Healthy = "Health Healthy: Every memory is kept.";

    private static readonly (string Name, string Text)[] s_units =
    [
        ("nomax", ServiceRun.Unit(Serve, "Type=notify")),
        ("nonotify", ServiceRun.Unit(Serve, "Type=exec")),
        ("small", ServiceRun.Unit(ServiceRun.Program + " serve one two", "Type=notify", "FileDescriptorStoreMax=1")),
        ("others", ServiceRun.Unit(
            Serve,
            "Type=notify",
            "NotifyAccess=all",
            "FileDescriptorStoreMax=1",

            // What a busy systemd answers too late for systemd-notify is stored all the same.
            "ExecStartPre=-/bin/sh -c 'systemd-notify --fd=3 --fdname=other 3< /etc/passwd'")),
        ("none", ServiceRun.Unit(Serve, "Type=exec", "NotifyAccess=none", "FileDescriptorStoreMax=2")),
        ("shell", ServiceRun.Unit($"/bin/sh -c '{Serve}; exit'", "Type=exec", "FileDescriptorStoreMax=2")),
        ("shellall", ServiceRun.Unit($"/bin/sh -c '{Serve}; exit'", "Type=exec", "NotifyAccess=all", "FileDescriptorStoreMax=2")),
        ("execshell", ServiceRun.Unit($"/bin/sh -c 'exec {Serve}'", "Type=exec", "FileDescriptorStoreMax=2")),
        ("pidns", ServiceRun.Unit(Serve, "Type=exec", "PrivatePIDs=yes", "FileDescriptorStoreMax=2")),
        ("nosocket", ServiceRun.Unit(Serve, "Type=exec", "FileDescriptorStoreMax=2", "Environment=NOTIFY_SOCKET=/nowhere/notify")),
        ("rootdir", ServiceRun.Unit(
            Serve,
            "Type=exec",
            "FileDescriptorStoreMax=2",
            "RootDirectory=/var/lib/r",
            "BindReadOnlyPaths=/usr /run/luo/files",
            "MountAPIVFS=yes")),
        ("dynamic", ServiceRun.Unit(Serve, "Type=notify", "DynamicUser=yes", "FileDescriptorStoreMax=2")),
        ("nopreserve", ServiceRun.Unit(Serve, "Type=notify", "FileDescriptorStoreMax=2")),
        ("onsuccess", ServiceRun.Unit(
            Serve, "Type=notify", "FileDescriptorStoreMax=2", "FileDescriptorStorePreserve=on-success")),
        ("cleaned", ServiceRun.Unit(Serve, "Type=notify", "FileDescriptorStoreMax=2", "FileDescriptorStorePreserve=yes")),
        ("emptied", ServiceRun.Unit(
            Serve,
            "Type=notify",
            "NotifyAccess=all",
            "FileDescriptorStoreMax=2",
            "ExecReload=systemd-notify FDSTOREREMOVE=1 FDNAME=cache")),
        ("shrunk", ServiceRun.Unit(ServiceRun.Program + " serve one two", "Type=notify", "FileDescriptorStoreMax=2")),
        ("reexec", ServiceRun.Unit(Serve, "Type=notify", "FileDescriptorStoreMax=2")),
    ];

    [Fact]
    public async Task EveryMistake_IsToldInTheLog()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            1,
            ServiceRun.Functions + $$"""
            units='{{string.Join(' ', s_units.Select(static unit => unit.Name))}}'
            mkdir -p /var/lib/r/usr /var/lib/r/proc /var/lib/r/sys /var/lib/r/dev /var/lib/r/tmp /var/lib/r/run /var/lib/r/etc
            ln -s usr/lib /var/lib/r/lib; ln -s usr/lib64 /var/lib/r/lib64; ln -s usr/bin /var/lib/r/bin
            echo started >&2
            systemctl start $units
            settled 1 $units
            echo restarted >&2
            systemctl restart $units
            settled 2 $units
            luo-guest value small.stored "$(systemctl show -P NFileDescriptorStore small)"

            echo stopped and started >&2
            systemctl stop nopreserve onsuccess
            systemctl start nopreserve onsuccess
            settled 3 nopreserve onsuccess
            kill -9 "$(systemctl show -P MainPID onsuccess)"
            until systemctl is-failed -q onsuccess; do sleep 0.2; done
            systemctl start onsuccess

            echo cleaned >&2
            luo-guest value clean.running "$(systemctl clean --what=fdstore cleaned 2>&1)"
            systemctl stop cleaned
            systemctl clean --what=fdstore cleaned
            systemctl start cleaned

            echo emptied >&2
            systemctl reload emptied
            says emptied 'Health Unhealthy'
            systemctl restart emptied

            echo shrunk >&2
            mkdir -p /etc/systemd/system/shrunk.service.d
            printf '[Service]\nFileDescriptorStoreMax=1\n' > /etc/systemd/system/shrunk.service.d/less.conf
            systemctl daemon-reload
            says shrunk 'Health Unhealthy'
            systemctl restart shrunk

            echo reexec >&2
            systemctl daemon-reexec
            systemctl daemon-reload
            systemctl restart reexec
            settled 3 cleaned shrunk reexec
            settled 4 onsuccess emptied
            for unit in $units; do send "$unit" "$unit"; done
            """,
            [.. s_units.Select(static unit => (unit.Name + ".service", unit.Text))]).WithService());
        output.Show(result);

        result.EnsurePassed();
        NothingIsStored(result, "nomax", "There is no descriptor store: FDSTORE is not set. Set FileDescriptorStoreMax=");
        NothingIsStored(result, "nonotify", "There is no descriptor store: NOTIFY_SOCKET is not set");
        NothingIsStored(result, "others", "systemd read the message and did not keep \"cache\". ");
        NothingIsStored(result, "shell", "There is no descriptor store for this process: systemd started process ");
        NothingIsStored(result, "shellall", "There is no descriptor store for this process: systemd started process ");
        NothingIsStored(result, "nosocket", "there is no /nowhere/notify in this process' file system");
        foreach (string kept in (string[])["none", "execshell", "pidns", "rootdir", "dynamic"])
        {
            Assert.Equal([New, Healthy, Closed, Restarted, Healthy], result.Said(kept));
        }

        // How long a store lives.
        string[] restarted = [New, Healthy, Closed, Restarted, Healthy, Closed];
        Assert.Equal([.. restarted, New, Healthy], result.Said("nopreserve"));
        Assert.Equal([.. restarted, Restarted, Healthy, New, Healthy], result.Said("onsuccess"));
        Assert.Equal([.. restarted, New, Healthy], result.Said("cleaned"));
        Assert.Contains("Unit is not inactive", result.Value("clean.running"), StringComparison.Ordinal);
        Assert.Equal([.. restarted, Restarted, Healthy], result.Said("reexec"));
        const string Gone = "systemd does not have it any more. Did somebody of the unit remove it (FDSTOREREMOVE=1)";
        string[] emptied = result.Said("emptied");
        Assert.StartsWith($"Health Unhealthy: cache: {Gone}", emptied[5], StringComparison.Ordinal);
        Assert.Equal([.. restarted[..5], emptied[5], Closed, Restarted, Healthy], emptied);
        TheOtherIsTold(result);
    }

    /// <summary>Holds that of two memories in a store with room for one the other is named, in a store that became so small too.</summary>
    private static void TheOtherIsTold(VmResult result)
    {
        const string Full = "The store is full: FileDescriptorStoreMax=1, and 1 is stored: ";
        string[] small = result.Said("small");
        Assert.Equal(2, small.Count(static line =>
            line.StartsWith($"Memory two will not be kept when the service ends. {Full}one. ", StringComparison.Ordinal)));
        Assert.Contains("Memory one: 1048576 bytes came back from Restart, Verified.", small);
        Assert.Equal("1", result.Value("small.stored"));

        string[] shrunk = result.Said("shrunk");
        Assert.Contains(
            shrunk, static line => line.StartsWith("Health Unhealthy: one: systemd does not have it any more. ", StringComparison.Ordinal));
        Assert.Contains(shrunk, static line => line.StartsWith("Memory one was not kept at the stop. ", StringComparison.Ordinal));
        Assert.Contains("Cannot store more fds than FileDescriptorStoreMax=1", result.Text("shrunk"), StringComparison.Ordinal);
        Assert.StartsWith($"Memory one will not be kept when the service ends. {Full}two. ", shrunk[^3], StringComparison.Ordinal);
        Assert.Equal("Memory two: 1048576 bytes came back from Restart, Verified.", shrunk[^2]);
    }

    /// <summary>Holds that two starts of a unit were new, said why at each start and each stop, and were not called healthy.</summary>
    private static void NothingIsStored(VmResult result, string unit, string why)
    {
        string[] said = result.Said(unit);
        string[] start = ["Memory cache: new,", "Memory cache will", "Health Degraded: cache:"];
        Assert.Equal(
            [.. start, "Memory cache ends", .. start],
            said.Select(static line => string.Join(' ', line.Split(' ').Take(3))));
        Assert.All(said.Where(static line => line != New), line => Assert.Contains(why, line, StringComparison.Ordinal));
    }
}
