namespace LuoInterop.VmTesting.Machine;

/// <summary>Recognises the console's lines by which a kernel tells that something is wrong with it.
/// The time is linear in the line.</summary>
internal static class ConsoleLine
{
    private const string PanicStart = "Kernel panic - not syncing";
    private const string EndMark = "---[ end ";

    /// <summary>Gives the panic's text, without what the console puts before it.</summary>
    internal static bool TryRecognisePanic(string line, out string panic)
    {
        int at = line.IndexOf(PanicStart, StringComparison.Ordinal);
        bool found = at >= 0 && !line.Contains(EndMark, StringComparison.Ordinal);
        panic = found ? line[at..].Trim() : "";
        return found;
    }

    /// <summary>Says whether a report of the kernel about itself starts in a line,
    /// at its begin or behind a program's unfinished text.</summary>
    internal static bool IsWarning(string line)
    {
        // Each message reaches to the next time stamp, so that no part of the line is looked at for two of them.
        ReadOnlySpan<char> rest = line;
        while (true)
        {
            int next = FindStamp(rest, out int length);
            ReadOnlySpan<char> message = next < 0 ? rest : rest[..next];
            if (KernelReport.Begins(message.TrimStart()))
            {
                return true;
            }

            if (next < 0)
            {
                return false;
            }

            rest = rest[(next + length)..];
        }
    }

    /// <summary>Finds the first <c>[   12.345678]</c>, with the <c>[ T123]</c> of CONFIG_PRINTK_CALLER behind it;
    /// -1 if there is none.</summary>
    private static int FindStamp(ReadOnlySpan<char> text, out int length)
    {
        for (int at = text.IndexOf('['); at >= 0;)
        {
            ReadOnlySpan<char> from = text[at..];
            length = StampLength(from);
            if (length > 0)
            {
                length += CallerLength(from[length..]);
                return at;
            }

            int next = from[1..].IndexOf('[');
            at = next < 0 ? -1 : at + 1 + next;
        }

        length = 0;
        return -1;
    }

    // Neither of the two reads past another '[', so that a search over the whole line stays linear.
    private static int StampLength(ReadOnlySpan<char> text)
    {
        int at = 1 + SpacesOf(text[1..]);
        int seconds = DigitsOf(text[at..]);
        at += seconds;
        if (seconds == 0 || !text[at..].StartsWith('.'))
        {
            return 0;
        }

        int fraction = DigitsOf(text[++at..]);
        at += fraction;
        return fraction > 0 && text[at..].StartsWith(']') ? at + 1 : 0;
    }

    private static int CallerLength(ReadOnlySpan<char> text)
    {
        if (!text.StartsWith('['))
        {
            return 0;
        }

        int at = 1 + SpacesOf(text[1..]);
        if (at == text.Length || text[at] is not ('T' or 'C'))
        {
            return 0;
        }

        int number = DigitsOf(text[++at..]);
        at += number;
        return number > 0 && text[at..].StartsWith(']') ? at + 1 : 0;
    }

    private static int SpacesOf(ReadOnlySpan<char> text) => text.Length - text.TrimStart(' ').Length;

    private static int DigitsOf(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }
}
