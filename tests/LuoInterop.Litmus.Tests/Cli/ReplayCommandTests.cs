using System.Text.Json;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Litmus.Tests.Cli;

/// <summary>Runs <c>luoctl replay</c> as a user does, and holds its exit codes and what it prints.</summary>
public sealed class ReplayCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-litmus-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Output_IsTheScriptWithItsObservations()
    {
        string script = Script("a.luo", "# nothing of this\nd = open\n  e = open => 0\nkexec # on\nclose d\n");
        (int code, string output, string error) = Luoctl(script);
        Assert.Equal(
            (0, """
                d = open                                        => 0
                e = open                                        => EBUSY
                kexec                                           => 0
                close d                                         => unset

                """, ""),
            (code, output, error));
    }

    [Fact]
    public void Output_IsAScriptThatExpectsJustThat()
    {
        string script =
            Script("a.luo", "d = open\ns = create_session d \"a\"\nkexec\nd = open\ns = retrieve_session d \"a\"\nget_name s\n");
        string again = Script("b.luo", Luoctl(script).Output);
        Assert.Equal((0, "1 scripts, 6 expectations, 0 not met\n", ""), Luoctl(again, "--expect"));
    }

    [Fact]
    public void SeveralScripts_AreNamed_AFolderIsSearched_InOrder()
    {
        string b = Script("b.luo", "exit\n");
        string a = Script("deep/a.luo", "exit\n");
        Script("c.txt", "not a script");
        (int code, string output, _) = Luoctl(_folder);
        Assert.Equal((0, $"# {b}\nexit{new string(' ', 44)}=> 0\n# {a}\nexit{new string(' ', 44)}=> 0\n"), (code, output));
    }

    [Fact]
    public void Expect_SaysWhatDiffers_AndExits1()
    {
        string script = Script("a.luo", "d = open => 0\n\ne = open => 0\nexit\nclose d => unset\n");
        (int code, string output, string error) = Luoctl(script, "--expect");
        Assert.Equal(
            (1, $"{script}:3: e = open\n  expected: 0\n  observed: EBUSY\n1 scripts, 3 expectations, 1 not met\n", ""),
            (code, output, error));
    }

    [Fact]
    public void APanic_EndsAScript_AndIsGoodWhereItIsTheEnd()
    {
        string sessions = "d = open\n" + string.Concat(Enumerable.Range(1, 51).Select(static i => $"s{i} = create_session d \"s{i}\"\n"))
            + "s = create_session d \"s1\"\nkexec raw => panic\n";
        Assert.Equal(0, Luoctl(Script("a.luo", sessions), "--expect").Code);
        (int code, string output, _) = Luoctl(Script("b.luo", sessions + "d = open => 0\n"), "--expect");
        Assert.Equal(1, code);
        Assert.Contains("observed: (not performed)", output, StringComparison.Ordinal);
        Assert.Contains("ended early: the next kernel panicked:", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_IsOneDocument()
    {
        string script = Script("a.luo", "d = open => 0\ne = open => 0\nexit\n");
        (int code, string output, _) = Luoctl(script, "--json");
        JsonElement result = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal(
            (0, script, JsonValueKind.Null), (code, result.GetProperty("script").GetString(), result.GetProperty("end").ValueKind));
        Assert.Equal(
            [(1, "d = open", "0", "0"), (2, "e = open", "EBUSY", "0"), (3, "exit", "0", null)],
            result.GetProperty("lines").EnumerateArray().Select(static line => (
                line.GetProperty("line").GetInt32(),
                line.GetProperty("operation").GetString()!,
                line.GetProperty("observed").GetString()!,
                line.GetProperty("expected").GetString())).ToArray());
        Assert.Equal(1, Luoctl(script, "--json", "--expect").Code);
    }

    [Fact]
    public void WrongSyntax_IsNamedWithFileAndLine_AndExits2()
    {
        string script = Script("a.luo", "d = open\nclose\n");
        Assert.Equal((2, "", $"{script}:2: a descriptor's name is missing. Write: close FILE\n"), Luoctl(script));
    }

    [Fact]
    public void MissingFile_IsNamed_AndExits2()
    {
        string missing = Path.Combine(_folder, "missing.luo");
        (int code, string output, string error) = Luoctl(missing);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("luoctl: ", error, StringComparison.Ordinal);
        Assert.Contains(missing, error, StringComparison.Ordinal);
    }

    [Fact]
    public void FolderWithoutScripts_IsNamed_AndExits2() =>
        Assert.Equal((2, "", $"luoctl: {_folder} holds no script (*.luo)\n"), Luoctl(_folder));

    [Theory]
    [InlineData("--kernel", "moon")]
    [InlineData("--expects")]
    [InlineData("--kernel")]
    public void WrongOptions_Exit2(params string[] options)
    {
        (int code, _, string error) = Luoctl([Script("a.luo", "exit\n"), .. options]);
        Assert.Equal(2, code);
        Assert.Contains(options[^1], error, StringComparison.Ordinal);
    }

    [Fact]
    public void NoFile_Exits2() => Assert.Equal(2, Luoctl().Code);

    [Fact]
    public void Vm_RefusesAnotherRelease_BeforeItStarts()
    {
        string script = Script("a.luo", "exit\nkexec release=7.2.0\n");
        (int code, _, string error) = Luoctl(script, "--kernel", "vm");
        Assert.Equal(2, code);
        Assert.Contains($"{script}:2: a VM has one kernel", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm", "a VM has one kernel")]
    [InlineData("host", "this kernel is the one that runs")]
    public void KernelsThatRun_RefuseBoot(string kernel, string expected)
    {
        string script = Script("a.luo", "boot release=7.3.4-rfc-hugetlb\nexit\n");
        (int code, _, string error) = Luoctl(script, "--kernel", kernel);
        Assert.Equal(2, code);
        Assert.Contains($"{script}:1: {expected}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Emulated_RefusesAnUnknownRelease()
    {
        string script = Script("a.luo", "boot release=7.3.4-rfc-moon\nexit\n");
        (int code, _, string error) = Luoctl(script);
        Assert.Equal(2, code);
        Assert.Contains($"{script}:1: Linux 7.3.4-rfc-moon cannot be emulated; 6.18 to 7.3 can, and 7.3 with rfc-hugetlb",
            error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Host_WithoutADevice_ShowsENOENT_AndGoesOn()
    {
        Assert.False(File.Exists("/dev/liveupdate"), "this host has live update: the test is about one without");
        string script = Script("a.luo", "d = open\ns = create_session d \"a\"\nm = memfd size=4096\nwrite m 10\n");
        (int code, string output, _) = Luoctl(script, "--kernel", "host");
        Assert.Equal(0, code);
        Assert.Equal(
            ["ENOENT", "unset", "0", "10"],
            output.TrimEnd().Split('\n').Select(static line => line[(line.IndexOf("=> ", StringComparison.Ordinal) + 3)..]).ToArray());
    }

    [Fact]
    public void Host_RefusesAKexec()
    {
        string script = Script("a.luo", "m = memfd\nkexec\nclose m\n");
        (int code, string output, _) = Luoctl(script, "--kernel", "host");
        Assert.Equal(1, code);
        Assert.Equal(
            "m = memfd                                       => 0\nkexec\nclose m\n"
            + "# ended early: line 2 would restart this machine; replay the script with --kernel vm or --kernel emulated\n",
            output);
    }

    private string Script(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static (int Code, string Output, string Error) Luoctl(params string[] arguments) =>
        ChildProgram.RunBeside("luoctl.dll", arguments.Prepend("replay"));
}
