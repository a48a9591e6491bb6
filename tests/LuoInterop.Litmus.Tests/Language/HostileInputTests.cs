using LuoInterop.Litmus;
using LuoInterop.Litmus.Tests.Scripts;
using Xunit;

namespace LuoInterop.Litmus.Tests.Language;

/// <summary>Shows that any text is a script or a <see cref="LitmusSyntaxException"/>,
/// and that what is a script writes itself back.</summary>
public sealed class HostileInputTests
{
    private const int LongestSeed = 4000;

    private static readonly string[] s_pieces =
    [
        "\"", "\\", "\\x", "\\xf", "=", "=>", "#", " ", "\t", "\r", "\n", "\0", "*", "+", "*64", "|", "-", "0x", "K",
        "9223372036854775807", "18446744073709551615",
        "\ud800", "\udc00", "\u2028", "\ufeff", "\u0085", "name=", "token=", "size=-1", "d = ", "ioctl ", "kexec ", "raw",
        "tail=0:0", "at=cut",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomCharacters(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++)
        {
            char[] text = new char[random.Next(80)];
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = (char)(random.Next(8) == 0 ? random.Next(0x10000) : random.Next(0x7f));
            }

            Check(new string(text));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void MutatedScripts(int seed)
    {
        string[] scripts = [.. ScriptFiles.Names.Select(ScriptFiles.Text).Where(static text => text.Length <= LongestSeed)];
        Assert.NotEmpty(scripts);
        var random = new Random(seed);
        int good = 0;
        int bad = 0;
        for (int round = 0; round < 4000; round++)
        {
            string text = scripts[random.Next(scripts.Length)];
            for (int mutations = random.Next(1, 4); mutations > 0; mutations--)
            {
                int at = random.Next(text.Length);
                int to = Math.Min(text.Length, at + random.Next(12));
                text = random.Next(4) switch
                {
                    0 => text[..at] + text[to..],
                    1 => text[..at] + s_pieces[random.Next(s_pieces.Length)] + text[at..],
                    2 => text[..at] + (char)random.Next(0x10000) + text[Math.Min(text.Length, at + 1)..],
                    _ => text[..to] + text[at..to] + text[to..],
                } + "\n";
            }

            _ = Check(text) ? good++ : bad++;
        }

        Assert.True(good > 100 && bad > 100, $"{good} scripts, {bad} errors: the mutations are too mild or too wild.");
    }

    private static bool Check(string text)
    {
        LitmusScript script;
        try
        {
            script = LitmusScript.Parse("hostile", text);
        }
        catch (LitmusSyntaxException error)
        {
            Assert.InRange(error.Line, 1, text.Count(static c => c == '\n') + 1);
            return false;
        }

        string written = script.ToText();
        LitmusScript again = LitmusScript.Parse("again", written);
        Assert.Equal(written, again.ToText());
        Assert.Equal(
            script.Lines.Select(static line => (line.Text, line.Expected)), again.Lines.Select(static line => (line.Text, line.Expected)));
        return true;
    }
}
