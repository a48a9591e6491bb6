using System.Globalization;
using LuoInterop.Cli.Output;
using Xunit;

namespace LuoInterop.Cli.Tests.Output;

/// <summary>Holds what text for people looks like.</summary>
public sealed class TextOutputTests
{
    [Fact]
    public void Lines_EndBeforeThe80thColumn_UnlessAWordIsLonger()
    {
        string text = Written(static output =>
        {
            output.Field("name", string.Join(' ', Enumerable.Repeat("word", 60)));
            output.Paragraph(string.Join(' ', Enumerable.Repeat("seventy", 40)), 9);
            output.Verdict("warn", Tone.Caution, "subject", string.Join(' ', Enumerable.Repeat("evidence", 30)));
            output.Table(["a", "b>", "c"], [["1", "22", string.Join(' ', Enumerable.Repeat("cell", 50))]], 2);
        });
        Assert.All(text.Split('\n'), static line => Assert.True(line.Length <= TextOutput.Width, line));
        Assert.Equal(60, Count(text, "word"));
        Assert.Equal(40, Count(text, "seventy"));
        Assert.Equal(30, Count(text, "evidence"));
        Assert.Equal(50, Count(text, "cell"));

        string path = "/" + new string('x', 120);
        Assert.Contains(path, Written(output => output.Field("path", $"see {path} for more")), StringComparison.Ordinal);
    }

    [Fact]
    public void Field_HasItsNameOnce_AndTheValueBesideIt() => Assert.Equal(
        "live update    not usable: somebody has it open. Wait until it is closed, or ask\n"
        + "               its owner for a session descriptor.\n",
        Written(static output => output.Field(
            "live update",
            "not usable: somebody has it open. Wait until it is closed, or ask its owner for a session descriptor.")));

    [Fact]
    public void Table_AlignsNumbersToTheRight() => Assert.Equal(
        "  area        size  share\n  low       16 MiB     1%\n  node 0  1024 MiB    12%\n",
        Written(static output =>
            output.Table(["area", "size>", "share>"], [["low", "16 MiB", "1%"], ["node 0", "1024 MiB", "12%"]], 2)));

    [Theory]
    [InlineData("plain \u00e4\u00f6 text", "plain \u00e4\u00f6 text")]
    [InlineData("a\u001b[31mb\n\0", "a\\x1b[31mb\\x0a\\x00")]
    [InlineData("\u202eabc\u009b", "\\x202eabc\\x9b")]
    public void Safe_LeavesNothingThatSteersATerminal(string text, string expected) => Assert.Equal(expected, TextOutput.Safe(text));

    [Fact]
    public void EverythingThatIsWritten_IsSafe()
    {
        const string Evil = "e\u001b]0;x\u0007";
        string text = Written(static output =>
        {
            output.Line(Evil);
            output.Heading(Evil);
            output.Paragraph(Evil);
            output.Field(Evil, Evil);
            output.Verdict(Evil, Tone.Bad, Evil, Evil);
            output.Table([Evil], [[Evil]]);
        });
        Assert.DoesNotContain('\a', text);
    }

    [Fact]
    public void Colours_AreThereWhereTheyAreWanted()
    {
        Assert.DoesNotContain('\e', Written(static output => output.Verdict("fail", Tone.Bad, "x")));
        var writer = new StringWriter(CultureInfo.InvariantCulture);
        new TextOutput(writer, colour: true).Verdict("fail", Tone.Bad, "x");
        Assert.Equal("\e[31mfail    \e[0m \e[1mx\e[0m\n", writer.ToString());
    }

    [Theory]
    [InlineData(0UL, "0 B")]
    [InlineData(1023UL, "1023 B")]
    [InlineData(1536UL << 20, "1.5 GiB")]
    [InlineData(ulong.MaxValue, "16 EiB")]
    public void Size_IsForPeople(ulong bytes, string expected) => Assert.Equal(expected, TextOutput.Size(bytes));

    private static string Written(Action<TextOutput> write)
    {
        var writer = new StringWriter(CultureInfo.InvariantCulture);
        write(new TextOutput(writer, colour: false));
        return writer.ToString();
    }

    private static int Count(string text, string word) => text.Split(word).Length - 1;
}
