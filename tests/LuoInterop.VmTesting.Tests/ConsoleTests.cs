using System.Text;
using LuoInterop.VmTesting.Machine;
using LuoInterop.VmTesting.Payload;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

public sealed class ConsoleTests
{
    [Theory]
    [InlineData(
        "[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
        "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100")]
    [InlineData("Kernel panic - not syncing: Fatal exception in interrupt\r", "Kernel panic - not syncing: Fatal exception in interrupt")]
    [InlineData(
        "Kernel panic - not syncing: KHO: The incoming tree failed to initialize properly [-22]",
        "Kernel panic - not syncing: KHO: The incoming tree failed to initialize properly [-22]")]
    public void Panic_IsRecognised(string line, string expected)
    {
        Assert.True(ConsoleLine.TryRecognisePanic(line, out string panic));
        Assert.Equal(expected, panic);
    }

    [Theory]
    [InlineData("---[ end Kernel panic - not syncing: Attempted to kill init! ]---")]
    [InlineData("Kernel command line: panic=-1")]
    [InlineData("BUG: kernel NULL pointer dereference")]
    [InlineData("")]
    public void OtherLines_AreNoPanic(string line) => Assert.False(ConsoleLine.TryRecognisePanic(line, out _));

    [Fact]
    public void Log_SplitsLinesAndCharactersAcrossBlocks()
    {
        List<string> lines = [];
        TextLog log = new(VmOutputSource.Console, line => lines.Add(line.Text));
        foreach (byte b in Encoding.UTF8.GetBytes("a\r\ngr\u00fc\u00df\n\nlast"))
        {
            log.Append([b]);
        }

        log.End();
        Assert.Equal(["a", "gr\u00fc\u00df", "", "last"], lines);
        Assert.Equal("a\r\ngr\u00fc\u00df\n\nlast", log.Text);
    }

    [Fact]
    public void Log_IsCappedAndSaysSo()
    {
        int lines = 0;
        TextLog log = new(VmOutputSource.Console, _ => lines++);
        byte[] block = new byte[1 << 20];
        Array.Fill(block, (byte)'x');
        for (int i = 0; i < 17; i++)
        {
            log.Append(block);
        }

        log.End();
        Assert.Equal(17 * 16, lines);
        Assert.Contains("[1048576 characters more were not kept]", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void LongMessage_IsCutAtACharacterAndSaysSo()
    {
        string text = new('\u00fc', 10_000);
        string cut = GuestText.Cut(text);
        Assert.StartsWith(new string('\u00fc', 8192) + "\n[", cut, StringComparison.Ordinal);
        Assert.EndsWith("[3616 bytes more were cut]", cut, StringComparison.Ordinal);
        Assert.Equal("short", GuestText.Cut("short"));
    }
}
