using LuoInterop.Litmus;

namespace LuoInterop.Hunt;

/// <summary>Is a line of which the two kernels show something else.</summary>
/// <param name="Emulated">What the emulated kernel did.</param>
/// <param name="Linux">What Linux did.</param>
/// <param name="Line">The index of the first such line.</param>
public sealed record Difference(LitmusResult Emulated, LitmusResult Linux, int Line)
{
    /// <summary>Gets what differences of one cause have in common, as far as a machine can tell.</summary>
    public string Signature => $"{Emulated.Script.Lines[Line].Verb}: Linux {Cut(Linux)}, emulated {Cut(Emulated)}";

    /// <summary>Compares two replays; null when they agree.</summary>
    public static Difference? Find(LitmusResult emulated, LitmusResult linux)
    {
        int line = emulated.FirstDifference(linux);
        return line < 0 ? null : new Difference(emulated, linux, line);
    }

    /// <summary>Writes the script with what Linux does, and at the first difference what the emulated kernel does.</summary>
    public override string ToString()
    {
        string[] lines = Linux.ToString().TrimEnd('\n').Split('\n');
        lines[Line] += $"   # emulated: {Emulated.Observations[Line] ?? "not performed"}";
        return $"# {Emulated.Script.Name}\n{string.Join('\n', lines)}\n"
            + (Linux.End is null ? "" : $"# Linux ended early: {Linux.End}\n")
            + (Emulated.End is null ? "" : $"# the emulated kernel ended early: {Emulated.End}\n");
    }

    // Hashes and sizes differ from script to script where the cause is one.
    private string Cut(LitmusResult result)
    {
        string text = result.Observations[Line] ?? "not performed";
        return text.All(char.IsAsciiDigit) && text != "0"
            ? "a number"
            : text.Length == 16 && text.All(char.IsAsciiHexDigit) ? "a hash" : text;
    }
}
