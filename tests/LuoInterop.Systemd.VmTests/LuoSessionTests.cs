using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Shows what process 1 hands to a unit with <c>LUOSession=</c>, in three kernels.</summary>
[Trait("Category", "Systemd")]
public sealed class LuoSessionTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    [Fact]
    public async Task Session_OfAUnit_ComesBackIncoming()
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
        foreach (GuestValue value in result.Values)
        {
            output.WriteLine($"{value.Name}: {value.Value}");
        }

        result.EnsurePassed();
    }
}
