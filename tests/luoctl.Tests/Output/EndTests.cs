using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Output;

/// <summary>Holds how every command ends: wrong words, a closed pipe, a full disk, colours in a terminal.</summary>
public sealed class EndTests
{
    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "luoctl.dll");

    [Theory]
    [InlineData("luoctl: 'no-such' is no command or option; see 'luoctl --help'", "no-such")]
    [InlineData("luoctl: '--no-such' is no command or option; see 'luoctl status --help'", "status", "--no-such")]
    [InlineData("luoctl: --page-size is 2M or 1G", "emulate", "hugetlb", "--page-size", "4K")]
    public void WrongWords_End2_AndAreSaidInOneLineOnStandardError(string expected, params string[] words) =>
        Assert.Equal((2, "", expected + "\n"), Luoctl.Run(words));

    [Fact]
    public void NoWords_End2_WithTheCommandsOnStandardError()
    {
        (int code, string output, string error) = Luoctl.Run();
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("status", error, StringComparison.Ordinal);
    }

    [Fact]
    public void ClosedPipe_EndsQuietly_AsAProgramThatSigpipeEnded() =>
        Assert.Equal((141, "", ""), Shell($"set -o pipefail; dotnet '{s_program}' emulate hugetlb --json | exec 0<&-"));

    [Fact]
    public void FullDisk_IsSaid() => Assert.Equal(
        (2, "", "luoctl: standard output cannot be written: No space left on device\n"), Shell($"dotnet '{s_program}' status > /dev/full"));

    [Theory]
    [InlineData(true, "unset NO_COLOR; export TERM=xterm")]
    [InlineData(false, "export NO_COLOR=1 TERM=xterm")]
    [InlineData(false, "unset NO_COLOR; export TERM=dumb")]
    public void Terminal_GetsColours_UnlessItsUserWantsNone(bool colours, string before)
    {
        (_, string output, _) = Shell($"{before}; script -qec \"dotnet '{s_program}' status\" /dev/null < /dev/null");
        Assert.Contains("live update", output, StringComparison.Ordinal);
        Assert.Equal(colours, output.Contains("\e[3", StringComparison.Ordinal));
    }

    [Fact]
    public void Pipe_GetsNoColours() => Assert.DoesNotContain('\e', Shell($"TERM=xterm dotnet '{s_program}' status").Output);

    private static (int Code, string Output, string Error) Shell(string script) => ChildProgram.RunProgram("bash", "-c", script);
}
