using System.Text.RegularExpressions;
using LuoInterop.Diagnosis;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests;

/// <summary>Holds the page of luoctl against the program: every command and check is there, and no other.</summary>
public sealed class LuoctlPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs/luoctl.md"));

    [Fact]
    public void EveryCheck_HasItsLine_InTheOrderOfTheRows() =>
        Assert.Equal(MachineDiagnosis.CheckIds, Regex.Matches(s_page, "^\\| `([a-z0-9-]+)` \\|", RegexOptions.Multiline).Select(static match => match.Groups[1].Value));

    [Fact]
    public void EveryCommand_IsNamed() => Assert.All(
        CommandTree.Create().Subcommands, static command => Assert.Contains($"`luoctl {command.Name}", s_page, StringComparison.Ordinal));
}
