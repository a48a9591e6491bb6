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
        string[] lines = result.Values.Single(static value => value.Name == "log.3").Value.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches("^one is anon_inode:\\[luo_session\\] look\\.service-[0-9a-f]{24}: retrieve EINVAL preserved [0-9]+$", lines[0]);
        Assert.Matches("retrieved [0-9]+ preserve EINVAL$", lines[1]);
        Assert.Matches("retrieve EINVAL preserved [0-9]+$", lines[2]);
        Assert.Equal(lines[0].Split(' ')[^1], lines[1].Split("retrieved ")[1].Split(' ')[0]);
    }
}
