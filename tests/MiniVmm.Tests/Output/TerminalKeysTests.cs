using System.Text;
using MiniVmm.Output;
using Xunit;

namespace MiniVmm.Tests.Output;

public sealed class TerminalKeysTests
{
    [Theory]
    [InlineData("hello", "[hello]")]
    [InlineData("\u0001x", "End")]
    [InlineData("ab\u0001xcd", "[ab] End [cd]")]
    [InlineData("\u0001h\u0001?", "Help Help")]
    [InlineData("\u0001c", "Switch")]
    [InlineData("\u0001\u0001", "[\u0001]")]
    [InlineData("\u0001\u0001x", "[\u0001x]")]
    [InlineData("a\u0001zb", "[ab]")]
    [InlineData("\u0001", "")]
    [InlineData("\u0003\u001b[A", "[\u0003\u001b[A]")]
    public void Typed_IsTakenApart(string typed, string actions)
    {
        Assert.Equal(actions, Take([Encoding.Latin1.GetBytes(typed)]));

        // An escape may lie on the border of two pieces.
        string single = Take(Encoding.Latin1.GetBytes(typed).Select(static value => new[] { value }));
        Assert.Equal(actions, single.Replace("] [", "", StringComparison.Ordinal));
    }

    [Fact]
    public void Line_IsEchoedAndEdited()
    {
        var line = new TerminalLine();
        StringBuilder echo = new();
        List<string> commands = [];

        line.Take("stat\u007f\u007fop\r\u0007bad\u0015 pause \n"u8, text => echo.Append(text), commands.Add);

        Assert.Equal(["stop", "pause"], commands);
        Assert.Equal("stat\b \b\b \bop\r\nbad\b \b\b \b\b \b pause \r\n", echo.ToString());
    }

    [Fact]
    public void Line_WithoutEnd_HasABound()
    {
        var line = new TerminalLine();
        List<string> commands = [];

        line.Take([.. Enumerable.Repeat((byte)'a', 10_000), (byte)'\r'], static _ => { }, commands.Add);

        Assert.Equal(200, Assert.Single(commands).Length);
    }

    private static string Take(IEnumerable<byte[]> pieces)
    {
        var keys = new TerminalKeys();
        List<string> actions = [];
        foreach (byte[] piece in pieces)
        {
            keys.Take(piece, (action, bytes) =>
                actions.Add(action == TerminalAction.Input ? $"[{Encoding.Latin1.GetString(bytes)}]" : action.ToString()));
        }

        return string.Join(' ', actions);
    }
}
