using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Shows what process 1 hands to a unit with <c>LUOSession=</c>, in three kernels.</summary>
[Trait("Category", "Systemd")]
public sealed class LuoSessionTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    [Fact]
    public async Task Session_OfAUnit_ComesBackIncoming_AndIsNotCarriedAgain()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            3,
            $$"""
            systemctl start look
            luo-guest value "log.$(luo-guest stage)" "$(cat {{RootFixture.Log}})"
            if [ "$(luo-guest stage)" != 3 ]; then luo-guest kexec; fi
            """,
            ("look.service", $"""
            [Service]
            Type=notify
            ExecStart={RootFixture.Keeper} {RootFixture.Log} look
            FileDescriptorStoreMax=4
            FileDescriptorStorePreserve=yes
            LUOSession=one

            """)) with
        {
            TimeLimit = TimeSpan.FromMinutes(30),
            KernelTimeLimit = TimeSpan.FromMinutes(10),
        });
        output.WriteLine(result.ToString());

        // Outgoing at first; in the next kernel it is incoming and takes nothing; in the third a new one, with nothing of the second's.
        result.EnsurePassed();
        string[] lines = result.Value("log.3").Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches("^one is anon_inode:\\[luo_session\\] look\\.service-[0-9a-f]{24}: retrieve EINVAL preserved [0-9]+$", lines[0]);
        Assert.Matches("retrieved [0-9]+ preserve EINVAL$", lines[1]);
        Assert.Matches("retrieve EINVAL preserved [0-9]+$", lines[2]);
        Assert.Equal(lines[0].Split(' ')[^1], lines[1].Split("retrieved ")[1].Split(' ')[0]);
    }

    [Fact]
    public async Task HandedSession_IsCompleted_AndAfterARestartCarriesAgain()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            3,
            ServiceRun.Functions + """
            stage=$(luo-guest stage)
            systemctl start session
            says session '^\(preserved\|completed\)$'
            if [ "$stage" = 2 ]; then
              luo-guest value stored.completed "$(systemctl show -P NFileDescriptorStore session)"
              systemctl restart session
              says session '^preserved$'
            fi
            luo-guest value "stored.$stage" "$(systemctl show -P NFileDescriptorStore session)"
            send "session.$stage" session
            [ "$stage" = 3 ] || luo-guest kexec
            """,
            ("session.service", ServiceRun.Unit(
                ServiceRun.Program + " session one",
                "Type=exec",
                "FileDescriptorStoreMax=4",
                "FileDescriptorStorePreserve=yes",
                "LUOSession=one"))).WithService());
        output.WriteLine(result.ToString());
        result.EnsurePassed();
        string[] outgoing = ["one is Outgoing", "preserved"];
        string[] incoming = ["one is Incoming", "retrieved what was preserved", "completed"];
        Assert.Equal(outgoing, Said(1));
        Assert.Equal([.. incoming, .. outgoing], Said(2));
        Assert.Equal(incoming, Said(3));
        Assert.Equal(("1", "0", "1"), (result.Value("stored.1"), result.Value("stored.completed"), result.Value("stored.2")));

        string[] Said(int stage) =>
        [
            .. result.Text($"session.{stage}").Split('\n').Where(static line => line.StartsWith("one is ", StringComparison.Ordinal)
                || line.StartsWith("retrieved ", StringComparison.Ordinal) || line is "preserved" or "completed"),
        ];
    }
}
