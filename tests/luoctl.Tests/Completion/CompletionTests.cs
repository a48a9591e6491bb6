using LuoInterop.Cli.Completion;
using LuoInterop.Diagnosis;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Completion;

/// <summary>Holds that completion and manual page have every command and option, and what bash makes of it.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("completion", "bash")]
    [InlineData("completion", "zsh")]
    [InlineData("completion", "fish")]
    [InlineData("man")]
    public void EveryCommandAndOption_IsThere(params string[] words)
    {
        (int code, string output, string error) = Luoctl.Run(words);
        Assert.Equal((0, ""), (code, error));
        string text = output.Replace("\\-", "-", StringComparison.Ordinal);
        CommandWord[] all = [.. CommandWord.Walk(CommandTree.Create())];
        Assert.True(all.Length > 8);
        foreach (CommandWord word in all)
        {
            Assert.All(word.Path, name => Assert.Contains(name, text, StringComparison.Ordinal));
            Assert.All(word.Options.Where(option => word.Path.Count > 0 || words[0] != "man"), option =>
                Assert.Contains(words[^1] == "fish" ? $"-l {option.Name.TrimStart('-')}" : option.Name, text, StringComparison.Ordinal));
        }

        Assert.All(MachineDiagnosis.CheckIds, id => Assert.Contains(id, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("luoctl doc", "doctor")]
    [InlineData("luoctl doctor --st", "--strict")]
    [InlineData("luoctl doctor --check boot-li", "boot-liveupdate")]
    [InlineData("luoctl replay --kernel v", "vm")]
    [InlineData("luoctl emulate hugetlb --fix fr", "freeze-pool")]
    [InlineData("luoctl emulate h", "hugetlb")]
    [InlineData("luoctl completion z", "zsh")]
    [InlineData("luoctl kho --root /pro", "/proc")]
    [InlineData("luoctl --vers", "--version")]
    public void Bash_Completes(string line, string expected)
    {
        string words = string.Join(' ', line.Split(' ').Select(static word => $"'{word}'"));
        string script = Luoctl.Run("completion", "bash").Output
            + $"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _luoctl; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
        Assert.Equal((0, expected + "\n", ""), ChildProgram.RunProgram("bash", "-c", script));
    }

    [Fact]
    public void Man_HasItsSections_AndNoLineThatIsARequestByChance()
    {
        string page = Luoctl.Run("man").Output;
        Assert.StartsWith(".TH LUOCTL 8", page, StringComparison.Ordinal);
        string[] requests = [".TH", ".nh", ".SH", ".SS", ".TP", ".B", ".I", ".BR", ".br"];
        Assert.All(page.Split('\n').Where(static line => line.StartsWith('.')), line => Assert.Contains(line.Split(' ')[0], requests));
        Assert.All((string[])["NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT"], section =>
            Assert.Contains($".SH {section}\n", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Man_IsFormattedWithoutAComplaint()
    {
        string page = Path.GetTempFileName();
        File.WriteAllText(page, Luoctl.Run("man").Output);
        (int code, string output, string error) = ChildProgram.RunProgram("groff", "-man", "-Tutf8", "-ww", page);
        File.Delete(page);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("boot-liveupdate", output.Replace("\u2010", "-", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
