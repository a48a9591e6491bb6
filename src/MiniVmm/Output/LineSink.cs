using System.Text;

namespace MiniVmm.Output;

/// <summary>Makes lines of a guest's output, each with the guest's name before it, and remembers the last of them.</summary>
/// <remarks>Not thread-safe: <see cref="ConsoleOutput"/> calls it from one thread.</remarks>
internal sealed class LineSink(string name, TextWriter output, Action<string> line)
{
    private const int LongestLine = 4096;

    private readonly List<byte> _bytes = [];
    private bool _hasReturned;

    /// <summary>Takes a piece of output.</summary>
    public void Write(ReadOnlyMemory<byte> piece)
    {
        foreach (byte value in piece.Span)
        {
            if (value == (byte)'\n' || _bytes.Count == LongestLine)
            {
                End();
            }
            else if (value == (byte)'\r')
            {
                _hasReturned = true;
            }
            else
            {
                // What is written after a return stands in the place of what was there, as of a prompt.
                if (_hasReturned)
                {
                    _bytes.Clear();
                    _hasReturned = false;
                }

                _bytes.Add(value);
            }
        }
    }

    private void End()
    {
        string text = Encoding.UTF8.GetString([.. _bytes]);
        _bytes.Clear();
        _hasReturned = false;
        lock (output)
        {
            output.WriteLine($"{name} | {text}");
        }

        line(text);
    }
}
