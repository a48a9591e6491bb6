namespace LuoInterop;

/// <summary>Reads switches of a kernel command line as the kernel does.</summary>
internal static class KernelParameter
{
    /// <summary>Gets the value of the last <c>NAME=BOOL</c>; null when it is not given or not a boolean.</summary>
    /// <remarks>The values are those of kstrtobool (<c>lib/kstrtox.c</c>).</remarks>
    public static bool? Switch(IEnumerable<string> words, string name)
    {
        bool? value = null;
        foreach (string word in words)
        {
            // What follows is for the init program (kernel/params.c).
            if (word == "--")
            {
                break;
            }

            if (word.StartsWith(name + "=", StringComparison.Ordinal))
            {
                value = Boolean(word.AsSpan(name.Length + 1)) ?? value;
            }
        }

        return value;
    }

    /// <summary>Splits a command line at white space outside of quotes, and takes quotes off as <c>next_arg</c> does (<c>lib/cmdline.c</c>).</summary>
    public static IEnumerable<string> Words(string commandLine)
    {
        int start = 0;
        while (start < commandLine.Length)
        {
            if (IsSpace(commandLine[start]))
            {
                start++;
                continue;
            }

            bool quoted = false;
            int end = start;
            for (; end < commandLine.Length && (quoted || !IsSpace(commandLine[end])); end++)
            {
                quoted ^= commandLine[end] == '"';
            }

            yield return Unquote(commandLine[start..end]);
            start = end;
        }
    }

    private static bool IsSpace(char letter) => letter is ' ' or (>= '\t' and <= '\r');

    private static string Unquote(string word)
    {
        bool whole = word.StartsWith('"');
        word = whole ? word[1..] : word;
        int value = word.IndexOf('=', StringComparison.Ordinal) + 1;
        bool valueOnly = value > 1 && value < word.Length && word[value] == '"';
        word = valueOnly ? word.Remove(value, 1) : word;
        return (whole || valueOnly) && word.EndsWith('"') ? word[..^1] : word;
    }

    private static bool? Boolean(ReadOnlySpan<char> text) => text switch
    {
        ['y' or 'Y' or 't' or 'T' or '1', ..] => true,
        ['n' or 'N' or 'f' or 'F' or '0', ..] => false,
        ['o' or 'O', 'n' or 'N', ..] => true,
        ['o' or 'O', 'f' or 'F', ..] => false,
        _ => null,
    };
}
