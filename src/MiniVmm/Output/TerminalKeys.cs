namespace MiniVmm.Output;

/// <summary>Names what the keys of a terminal ask for.</summary>
internal enum TerminalAction
{
    /// <summary>Bytes for the guest.</summary>
    Input,
    /// <summary>Ctrl-A x: the end.</summary>
    End,
    /// <summary>Ctrl-A h: what the keys are.</summary>
    Help,
    /// <summary>Ctrl-A c: the line for commands, or back.</summary>
    Switch,
}

/// <summary>Finds the escape key among what is typed: Ctrl-A, and the key after it, as QEMU has them.</summary>
/// <remarks>Ctrl-A twice is one Ctrl-A for the guest; Ctrl-A and another key is nothing. Not thread-safe.</remarks>
internal sealed class TerminalKeys
{
    /// <summary>What is said of the keys.</summary>
    public const string Help = """
        Ctrl-A h   this help
        Ctrl-A x   end the guest and the program
        Ctrl-A c   a line for commands: status, pause, unpause, stop, update; and back
        Ctrl-A Ctrl-A   a Ctrl-A for the guest
        """;

    private const byte Escape = 1;

    private bool _isEscaped;

    /// <summary>Takes what was typed.</summary>
    /// <param name="typed">The bytes, of any length: an escape may begin in one piece and end in the next.</param>
    /// <param name="act">Takes the actions in their order; the bytes are those of <see cref="TerminalAction.Input"/>.</param>
    public void Take(ReadOnlySpan<byte> typed, Action<TerminalAction, byte[]> act)
    {
        List<byte> input = [];
        foreach (byte value in typed)
        {
            if (!_isEscaped)
            {
                _isEscaped = value == Escape;
                if (!_isEscaped)
                {
                    input.Add(value);
                }

                continue;
            }

            _isEscaped = false;
            if (value == Escape)
            {
                input.Add(value);
            }
            else if (ActionOf(value) is { } action)
            {
                Flush(input, act);
                act(action, []);
            }
        }

        Flush(input, act);
    }

    private static TerminalAction? ActionOf(byte value) => (char)value switch
    {
        'x' or 'X' => TerminalAction.End,
        'h' or 'H' or '?' => TerminalAction.Help,
        'c' or 'C' => TerminalAction.Switch,
        _ => null,
    };

    private static void Flush(List<byte> input, Action<TerminalAction, byte[]> act)
    {
        if (input.Count > 0)
        {
            act(TerminalAction.Input, [.. input]);
            input.Clear();
        }
    }
}
