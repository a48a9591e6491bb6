using System.Text;
using MiniVmm.Control;
using MiniVmm.Machine;
using Xunit;

namespace MiniVmm.Tests.Control;

/// <summary>Shows that nothing of a console is lost when its guest gets another owner, and that a full disk ends nothing.</summary>
public sealed class GuestConsoleTests
{
    [Fact]
    public void Take_OfOutputThatNobodyReads_AndOfInputThatNobodyTook_GivesAllOfIt()
    {
        using var console = new GuestConsole(ConsoleKind.Socket, null);
        Write(console, "one\ntwo\n");
        console.Send("typed"u8);

        ConsoleState state = console.Take();

        Assert.Equal(("typed", "one\ntwo\n"), (Text(state.Input), Text(state.Output)));
        ConsoleState rest = console.Take();
        Assert.Equal((0, 0), (rest.Input.Length, rest.Output.Length));
    }

    [Fact]
    public void PutBack_ComesBeforeWhatIsNew()
    {
        using var console = new GuestConsole(ConsoleKind.Socket, null);
        console.Send("later"u8);
        console.PutBack(new ConsoleState("first "u8.ToArray(), "old "u8.ToArray()));
        Write(console, "new");

        ConsoleState state = console.Take();

        Assert.Equal(("first later", "old new"), (Text(state.Input), Text(state.Output)));
    }

    [Fact]
    public void Output_GoesThroughAnyNumberOfOwners_WithoutGapOrRepeat()
    {
        StringBuilder all = new();
        ConsoleState? carried = null;
        for (int owner = 0; owner < 20; owner++)
        {
            using var console = new GuestConsole(ConsoleKind.Socket, owner % 2 == 0 ? null : piece => all.Append(Text(piece.Span)));
            console.PutBack(carried);
            Write(console, $"line {owner}\n");
            carried = console.Take();
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, 20).Select(static owner => $"line {owner}\n")), Text(carried!.Output));
        Assert.StartsWith("line 0\nline 1\n", all.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void GuestThatIsFarAhead_IsNotMadeToWaitWhileItIsStopped_AndLosesNothing()
    {
        const int Much = (1 << 20) + 5000;
        using var taken = new ManualResetEventSlim();
        long received = 0;
        using var console = new GuestConsole(ConsoleKind.None, piece =>
        {
            taken.Wait();
            received += piece.Length;
        });

        // More than may wait: it would stand here, if it were not being stopped.
        bool isWhole = console.Stop(() =>
        {
            for (int i = 0; i < Much; i++)
            {
                console.Write((byte)'x');
            }
        });

        Assert.False(isWhole);
        taken.Set();
        Assert.True(console.Stop(static () => { }));
        Assert.Equal(Much, received);
    }

    [Fact]
    public void OutputThatCannotBeWritten_IsSaidOnce_AndTheConsoleGoesOn()
    {
        bool isFull = true;
        List<string> faults = [];
        StringBuilder written = new();
        using var console = new GuestConsole(ConsoleKind.Socket, piece =>
        {
            if (isFull)
            {
                throw new IOException("No space left on device");
            }

            written.Append(Text(piece.Span));
        }) { OutputFailed = faults.Add };
        Write(console, "a");
        Write(console, "b");
        isFull = false;
        Write(console, "c");

        Assert.Equal(["No space left on device"], faults);
        Assert.Equal("c", written.ToString());
        Assert.Equal("abc", Text(console.Take().Output));
    }

    [Fact]
    public void Input_BeyondWhatIsKept_IsDropped_AlsoWhenItIsPutBack()
    {
        using var console = new GuestConsole(ConsoleKind.Socket, null);
        console.PutBack(new ConsoleState(new byte[1 << 20], []));
        Assert.Equal(4096, console.Take().Input.Length);
    }

    private static void Write(GuestConsole console, string text)
    {
        // Stop waits until what was written is with those who take it.
        Assert.True(console.Stop(() => Array.ForEach(Encoding.ASCII.GetBytes(text), console.Write)));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes);
}
