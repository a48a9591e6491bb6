using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Runs machines as a user without rights, and with what a container's default profile leaves.</summary>
public sealed class UnprivilegedTests : IDisposable
{
    private const string Nobody = "65534";
    private const string Carried = "kernel 1, kernel 2, kernel 3\n";

    // What Docker's default profile refuses to whoever has no CAP_SYS_ADMIN: namespaces and mounts. No capability is left either.
    private const string Contained =
        "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-user-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public void AnotherUser_CarriesItsMemory_ThroughTwoKexecs(bool trapsEverything)
    {
        (int code, string output, string error) = RunAsNobody(trapsEverything, CProgram.Build("carry"));
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith(Carried, output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    [Trait("Category", "Kernel")]
    public void AnotherUser_PassesTheKernelsOwnTests(bool trapsEverything)
    {
        (int code, string output, _) = RunAsNobody(trapsEverything, Selftests.Newest.Build("liveupdate"));
        Assert.True(code == 0, output);
        Assert.Matches(@"# Totals: pass:\d+ fail:0 xfail:0 xpass:0 skip:0 error:0", output);
    }

    /// <summary>Nothing can be mounted: every call that looks at a path is trapped instead, without being asked for.</summary>
    [Fact]
    public void ContainersProfile_LeavesAKernelWhoseCallsAreAllTrapped()
    {
        string[] words = ["-U", "--map-root-user", "sh", "-c", Contained, "sh"];
        (int code, string output, string error) = Run(["unshare", .. words], false, CProgram.Build("carry"));
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith(Carried, output, StringComparison.Ordinal);

        (code, output, error) = Run(["unshare", .. words], false, CProgram.Build("differences"));
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("status-of-a-session 0600\n", output, StringComparison.Ordinal);
    }

    // Who has no rights anyway stays who it is.
    private (int Code, string Output, string Error) RunAsNobody(bool trapsEverything, string program)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return Run(["env"], trapsEverything, program);
        }

        Assert.Equal(0, ChildProgram.RunProgram("chown", Nobody, _folder).Code);
        return Run(
            ["setpriv", "--reuid=" + Nobody, "--regid=" + Nobody, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"],
            trapsEverything,
            program);
    }

    private (int Code, string Output, string Error) Run(string[] prefix, bool trapsEverything, string program) =>
        ChildProgram.RunProgram(prefix[0], [
            .. prefix[1..], "env", "HOME=" + _folder, "dotnet", Path.Combine(AppContext.BaseDirectory, "LuoInterop.ProgramHost.dll"),
            _folder, .. (string[])(trapsEverything ? ["--everything"] : []), "--", program]);
}
