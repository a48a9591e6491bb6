using System.Text.Json;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Sessions;

/// <summary>Runs <c>luoctl sessions</c> on folders and on this machine.</summary>
public sealed class SessionsCommandTests : IDisposable
{
    private readonly MachineFolder _machine = MachineFolder.Ready();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Holders_AreNamed()
    {
        _machine.WithProcess(
            20, "vmm", "0::/system.slice/vmm.service", "/dev/liveupdate", "anon_inode:[luo_session] guest\u001b[31m",
            "/memfd:ram (deleted)");
        (int code, string output, string error) = Run();
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            """
            device         vmm (pid 20, vmm.service, user 0)
            sessions       1 open

            session        pid  fd  process  user  unit
            guest\x1b[31m   20   1  vmm      0     vmm.service

            Their memory without a name (which of it they preserve, the kernel does not show)
            process  pid  files  size  not preservable
            vmm       20      1     ?                0

            """.ReplaceLineEndings("\n"),
            output);

        JsonElement root = Schemas.Hold("sessions", Run("--json").Output);
        Assert.Equal("guest\u001b[31m", root.GetProperty("sessions")[0].GetProperty("name").GetString());
        Assert.Equal(20, root.GetProperty("deviceHolders")[0].GetProperty("pid").GetInt32());
    }

    [Fact]
    public void Nobody_IsSaid() =>
        Assert.Equal((0, "device         nobody has it open\nsessions       none are open\n", ""), Run());

    [Fact]
    public void NoDevice_IsSaid() => Assert.Equal(
        (0, "device         none: LUO is off or not built in (luoctl doctor says why)\nsessions       none are open\n", ""),
        Run(_machine.Without("dev/liveupdate")));

    [Fact]
    public void NoProcesses_Exit2()
    {
        (int code, string output, string error) = Run(_machine.Without("proc"));
        Assert.Equal((2, ""), (code, output));
        Assert.Matches("^luoctl: .*/proc shows no processes\n$", error);
    }

    [Fact]
    public void ThisMachine_IsLookedAt()
    {
        (int code, string output, string error) = Luoctl.Run("sessions", "--json");
        Assert.Equal("", error);
        Assert.Equal(
            Schemas.Hold("sessions", output).GetProperty("unreadableProcesses").GetInt32() > 0 ? 3 : 0, code);
    }

    private (int Code, string Output, string Error) Run(params string[] words) =>
        Luoctl.Run(["sessions", "--root", _machine.Root, .. words]);

    private static (int Code, string Output, string Error) Run(MachineFolder machine) => Luoctl.Run("sessions", "--root", machine.Root);
}
