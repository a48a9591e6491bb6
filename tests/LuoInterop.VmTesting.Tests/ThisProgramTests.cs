using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Holds how a program is started anew, whichever way it was started.</summary>
public sealed class ThisProgramTests
{
    [Theory]
    [InlineData("/usr/share/dotnet/dotnet", "/opt/luo/luoctl.dll", "dotnet", "/opt/luo/luoctl.dll")]
    [InlineData("/opt/dotnet of mine/dotnet", "/opt/luo/dotnet", "dotnet", "/opt/luo/dotnet")]
    [InlineData("/opt/luo/luoctl", "/opt/luo/luoctl.dll", "/opt/luo/luoctl")]
    [InlineData("/opt/luo/luoctl", "luoctl", "/opt/luo/luoctl")]
    [InlineData("/opt/luo/dotnet-luo", "/opt/luo/dotnet-luo", "/opt/luo/dotnet-luo")]
    public void Command_IsTheExecutable_ButForDotnetItself(string executable, string assembly, params string[] command) =>
        Assert.Equal(command, ThisProgram.Of(executable, [assembly, "--on", "vm"]));

    [Fact]
    public void Command_OfThisProcess_NamesFilesThatAreThere()
    {
        IReadOnlyList<string> command = ThisProgram.Command;
        Assert.True(command is ["dotnet", _] or [_], string.Join(' ', command));
        Assert.True(Path.IsPathFullyQualified(command[^1]) && File.Exists(command[^1]), command[^1]);
    }
}
