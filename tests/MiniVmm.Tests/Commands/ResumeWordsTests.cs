using System.CommandLine;
using LuoInterop.Kvm;
using MiniVmm.Commands;
using MiniVmm.Control;
using Xunit;

namespace MiniVmm.Tests.Commands;

/// <summary>Shows that the words of <c>minivmm resume</c> that are read without the parser mean what they mean to it.</summary>
public class ResumeWordsTests
{
    [Theory]
    [InlineData("resume --all")]
    [InlineData("resume --name vm1")]
    [InlineData("resume --name vm1 --name vm2")]
    [InlineData("resume --console none --name vm1")]
    [InlineData("resume --all --console socket")]
    [InlineData("resume --name vm1 --console terminal")]
    public void TryRead_OfWordsThatStartASystem_GivesWhatTheParserGives(string line)
    {
        string[] words = line.Split(' ');
        ParseResult parsed = Parse(words);
        Assert.Empty(parsed.Errors);

        ResumeWords? read = ResumeWords.TryRead(words);
        Assert.NotNull(read);
        Assert.Equal(parsed.GetValue<string[]>("--name") ?? [], read.Names);
        Assert.Equal(parsed.GetValue<bool>("--all"), read.Names.Length == 0);
        Assert.Equal(parsed.GetValue<ConsoleKind>("--console"), read.Console);
        Assert.Equal(parsed.GetValue<KvmClockGap>("--clock"), read.Clock);
        Assert.Equal(parsed.GetValue<string?>("--next-kernel"), read.NextKernel);
        Assert.Equal(RunFolder.Choose(parsed.GetValue<string?>("--run-folder")).FolderPath, read.Folder.FolderPath);
    }

    [Theory]
    [InlineData("run --name vm1")]
    [InlineData("resume")]
    [InlineData("resume --help")]
    [InlineData("resume --name")]
    [InlineData("resume --name --all")]
    [InlineData("resume --all --all")]
    [InlineData("resume --all --name vm1")]
    [InlineData("resume --name=vm1")]
    [InlineData("resume --name vm1 --retry")]
    [InlineData("resume --name vm1 --clock hide")]
    [InlineData("resume --name vm1 --console")]
    [InlineData("resume --name vm1 --console window")]
    [InlineData("resume --name vm1 --console none --console socket")]
    [InlineData("resume --name vm1 vm2")]
    public void TryRead_OfOtherWords_LeavesThemToTheParser(string line) => Assert.Null(ResumeWords.TryRead(line.Split(' ')));

    private static ParseResult Parse(string[] words) => new RootCommand { ResumeCommand.Create() }.Parse(words);
}
