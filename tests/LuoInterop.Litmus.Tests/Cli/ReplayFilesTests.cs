using System.Diagnostics;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Litmus.Tests.Cli;

/// <summary>Gives <c>luoctl replay</c> the folders, streams and names that people's machines have, and ends it by signals.</summary>
public sealed class ReplayFilesTests : IDisposable
{
    private const string Exit = "exit                                            => 0\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-litmus-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void CircleOfLinks_IsNotFollowed()
    {
        Script("deep/a.luo", "exit\n");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "self"), _folder);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "deep", "up"), "..");
        Assert.Equal((0, Exit, ""), Replay(_folder));
    }

    [Fact]
    public void LinkThatIsNamed_IsFollowed_AndALinkToAFileIsRead()
    {
        string script = Script("scripts/a.luo", "exit\n");
        File.CreateSymbolicLink(Path.Combine(_folder, "scripts", "b.luo"), script);
        string link = Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), Path.Combine(_folder, "scripts")).FullName;
        Assert.Equal((0, $"# {link}/a.luo\n{Exit}# {link}/b.luo\n{Exit}", ""), Replay(link));
    }

    [Fact]
    public void LinkToNothing_IsNamed_AndExits2()
    {
        string link = File.CreateSymbolicLink(Path.Combine(_folder, "a.luo"), "vanished").FullName;
        Assert.Equal((2, "", $"luoctl: {link} cannot be opened: ENOENT\n"), Replay(_folder));
        (int code, _, string error) = Replay(link);
        Assert.Equal(2, code);
        Assert.Contains(link, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("printf 'exit\\n' | luoctl -")]
    [InlineData("printf 'exit\\n' | luoctl /dev/stdin")]
    [InlineData("printf 'exit\\n' > f; luoctl - < f")]
    [InlineData("mkfifo f; printf 'exit\\n' > f & luoctl f")]
    [InlineData("printf 'exit\\n' > @f; luoctl @f")]
    public void StreamThatIsNamed_IsRead(string command) => Assert.Equal((0, Exit, ""), Shell(command));

    [Fact]
    public void StandardInput_IsReadOnceOnly() =>
        Assert.Equal((2, "", "luoctl: standard input ('-') can be read once only\n"), Shell("printf 'exit\\n' | luoctl - -"));

    [Fact]
    public void PipeInAFolder_IsNotWaitedFor() =>
        Assert.Equal(
            (2, "", "luoctl: ./a.luo is no regular file; name it itself, not its folder, to read it\n"), Shell("mkfifo a.luo; luoctl ."));

    [Theory]
    [InlineData("luoctl /dev/zero", "/dev/zero")]
    [InlineData("truncate -s 1T a.luo; luoctl a.luo", "a.luo")]
    [InlineData("truncate -s 1T a.luo; luoctl .", "./a.luo")]
    public void MoreThanAScriptCanBe_IsNotReadToItsEnd(string command, string name) =>
        Assert.Equal((2, "", $"luoctl: {name} has more than 10000000 bytes, which no script has\n"), Shell(command));

    [Fact]
    public void ByteThatIsNotUtf8_IsRefusedWithItsPlace_AndCanBeWrittenAsAnEscape()
    {
        Assert.Equal(
            (2, "", "a.luo:2: the byte 0xff is not UTF-8; in a quoted text, write it as \\xff.\n"),
            Shell("printf 'd = open\\ns = create_session d \"a\\377\"\\n' > a.luo; luoctl a.luo"));
        Assert.Equal(
            (0, """
                d = open                                        => 0
                s = create_session d "a\xff"                    => 0
                get_name s                                      => "a\xff"

                """, ""),
            Shell("printf '%s\\n' 'd = open' 's = create_session d \"a\\xff\"' 'get_name s' > a.luo; luoctl a.luo"));
    }

    [Fact]
    public void NameThatIsNotUtf8_IsNamedByItsBytes_AndExits2()
    {
        (int code, string output, string error) = Shell("printf 'exit\\n' > \"$(printf 'a\\377.luo')\"; luoctl \"$(printf 'a\\377.luo')\"");
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("luoctl: the argument 'a\\xff.luo' is not UTF-8", error, StringComparison.Ordinal);

        // .NET cannot remove the file either.
        (code, output, error) = Shell("luoctl .; code=$?; rm a*; exit $code");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("is not UTF-8; rename it", error, StringComparison.Ordinal);
    }

    /// <summary>U+FFFD is a character that a name can have.</summary>
    [Fact]
    public void NameWithAReplacementCharacter_IsAName() =>
        Assert.Equal((0, Exit, ""), Replay(Script("a\ufffd.luo", "exit\n")));

    /// <summary>As a program that SIGPIPE ends: the shell's number of it, and no word.</summary>
    [Fact]
    public void ReaderThatWentAway_EndsIt() =>
        Assert.Equal((0, "141\n", ""), Shell("printf 'exit\\n' > a.luo; luoctl a.luo | true; echo ${PIPESTATUS[0]}"));

    [Fact]
    public void FullDisk_IsNamed_AndExits2() => Assert.Equal(
        (2, "", "luoctl: standard output cannot be written: No space left on device\n"),
        Shell("printf 'exit\\n' > a.luo; luoctl a.luo > /dev/full"));

    /// <summary>A pipe's opener waits for its reader: the signal comes when luoctl waits for a script's bytes.</summary>
    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void Signal_EndsAReplayThatWaitsForAPipe(string signal, int expected)
    {
        string pipe = Path.Combine(_folder, "pipe");
        Assert.Equal(0, Shell("mkfifo pipe").Code);

        // A shell starts what runs in the background with SIGINT ignored, which children inherit, tests among them.
        using Process luoctl =
            Start("env", "--default-signal=INT,TERM", "dotnet", Path.Combine(AppContext.BaseDirectory, "luoctl.dll"), "replay", pipe);
        using FileStream writer = new(pipe, FileMode.Open, FileAccess.Write);

        using Process kill = Start("kill", $"-{signal}", luoctl.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        kill.WaitForExit();
        string error = luoctl.StandardError.ReadToEnd();
        luoctl.WaitForExit();

        Assert.Equal(0, kill.ExitCode);
        Assert.Equal((expected, "luoctl: interrupted; nothing is left running\n"), (luoctl.ExitCode, error));
    }

    private string Script(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static (int Code, string Output, string Error) Replay(params string[] files) =>
        ChildProgram.RunBeside("luoctl.dll", files.Prepend("replay"));

    /// <summary>Runs a command of bash in the test's folder, where <c>luoctl</c> is <c>luoctl replay</c>.</summary>
    private (int Code, string Output, string Error) Shell(string command)
    {
        using Process shell = Start(
            "bash", "-c", $"luoctl() {{ dotnet '{Path.Combine(AppContext.BaseDirectory, "luoctl.dll")}' replay \"$@\"; }}\n{command}");
        Task<string> error = shell.StandardError.ReadToEndAsync();
        string output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, output, error.Result);
    }

    private Process Start(string program, params string[] words) => Process.Start(new ProcessStartInfo(program, words)
    {
        WorkingDirectory = _folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
