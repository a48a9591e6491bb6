namespace LuoInterop.VmTesting;

/// <summary>Writes the lines of a kernel's build; where it can, the line that says how far the build is is written anew.</summary>
/// <remarks>Thread-safe. The writer stays the caller's.</remarks>
internal sealed class ProgressLine(TextWriter writer, bool rewrites)
{
    // What build-progress.sh begins such a line with, behind the series.
    private const string Mark = ": compiling: ";
    private const string Anew = "\r\u001b[K";

    private readonly Lock _writing = new();
    private bool _open;

    internal static ProgressLine OfStandardError { get; } = new(Console.Error, !Console.IsErrorRedirected);

    internal bool Rewrites => rewrites;

    internal void Show(string line)
    {
        lock (_writing)
        {
            bool stays = !rewrites || !line.Contains(Mark, StringComparison.Ordinal);
            writer.Write((_open ? Anew : "") + line + (stays ? "\n" : ""));
            writer.Flush();
            _open = !stays;
        }
    }

    /// <summary>Removes the line that would be written anew.</summary>
    internal void End()
    {
        lock (_writing)
        {
            if (_open)
            {
                writer.Write(Anew);
                writer.Flush();
                _open = false;
            }
        }
    }
}
