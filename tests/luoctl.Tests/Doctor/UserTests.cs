using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Doctor;

/// <summary>Holds what a user without rights is told.</summary>
public sealed class UserTests
{
    private const string Nobody = "65534";

    [Fact]
    public void Sessions_OfProcessesThatShowNothing_Exit3_AndSaySo()
    {
        (int code, string output, string error) = AsNobody("sessions", "--json");
        Assert.True((3, "") == (code, error), error);
        Assert.True(Schemas.Hold("sessions", output).GetProperty("unreadableProcesses").GetInt32() > 0);
        Assert.Contains("run as root", AsNobody("sessions").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_SaysThatTheUserMayNotKexec()
    {
        (int code, string output, string error) = AsNobody("doctor", "--check", "kexec-permission");
        Assert.True((0, "") == (code, error), error);
        Assert.Contains("no CAP_SYS_BOOT", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_DoesNotReadAFolderThatIsClosed()
    {
        using MachineFolder machine = MachineFolder.Ready();
        File.SetUnixFileMode(machine.Root,
            UnixFileMode.OtherExecute | UnixFileMode.OtherRead | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        machine.Mode("sys/kernel/debug", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        machine.Without("dev/liveupdate");
        (int code, string output, string error) = AsNobody("kho", "--root", machine.Root);
        Assert.True((3, "") == (code, error), error);
        Assert.Contains("run as root", output, StringComparison.Ordinal);
        Assert.Contains("may not read", AsNobody("doctor", "--root", machine.Root, "--check", "kho").Output, StringComparison.Ordinal);
    }

    // Root gives its rights away; who is not root has none to give.
    private static (int Code, string Output, string Error) AsNobody(params string[] words)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "luoctl.dll");
        string[] command = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "--inh-caps=-all", "dotnet", program, .. words]
            : ["dotnet", program, .. words];
        return ChildProgram.RunProgram(command[0], command[1..]);
    }
}
