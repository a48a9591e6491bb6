using System.Text;

namespace MiniVmm.Output;

/// <summary>Is the line for commands on a raw terminal: echoes what is typed, and makes lines of it.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class TerminalLine
{
    private const int Longest = 200;
    private const byte Backspace = 8;
    private const byte Delete = 127;
    private const byte KillLine = 21;

    private readonly StringBuilder _line = new();

    /// <summary>Takes what was typed.</summary>
    /// <param name="typed">The bytes.</param>
    /// <param name="echo">Takes what is to be shown.</param>
    /// <param name="command">Takes each line that is complete.</param>
    public void Take(ReadOnlySpan<byte> typed, Action<string> echo, Action<string> command)
    {
        foreach (byte value in typed)
        {
            switch (value)
            {
                case (byte)'\r' or (byte)'\n':
                    string line = _line.ToString().Trim();
                    _line.Clear();
                    echo("\r\n");
                    command(line);
                    break;
                case Backspace or Delete when _line.Length > 0:
                    _line.Length--;
                    echo("\b \b");
                    break;
                case KillLine:
                    echo(string.Concat(Enumerable.Repeat("\b \b", _line.Length)));
                    _line.Clear();
                    break;
                case >= 32 and < Delete when _line.Length < Longest:
                    _line.Append((char)value);
                    echo(((char)value).ToString());
                    break;
                default:
                    break;
            }
        }
    }
}
