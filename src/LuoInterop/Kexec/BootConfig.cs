namespace LuoInterop;

/// <summary>Holds what <c>/proc/bootconfig</c> shows: the keys that the kernel puts on its command line.</summary>
/// <remarks>Texts hold a character for each byte. Sources: <c>fs/proc/bootconfig.c</c>, and xbc_snprint_cmdline() of
/// <c>lib/bootconfig.c</c>.</remarks>
internal sealed class BootConfig
{
    private readonly List<(string Word, bool MayLackEquals)> _kernel = [];
    private readonly List<(string Word, bool MayLackEquals)> _init = [];

    /// <summary>Gets a bootconfig without keys.</summary>
    public static BootConfig None { get; } = new();

    /// <summary>Reads the file: a line for each key, with its values in quotes. What cannot be read ends it.</summary>
    public static BootConfig Parse(string text)
    {
        const string Is = " = ";
        var read = new BootConfig();
        for (int at = 0; at < text.Length && text[at] != '#';)
        {
            int equals = text.IndexOf(Is, at, StringComparison.Ordinal);
            if (equals < 0)
            {
                break;
            }

            string key = text[at..equals];
            at = equals + Is.Length;
            do
            {
                // A value has no quote of the kind that it stands in.
                int end = at < text.Length && text[at] is '"' or '\'' ? text.IndexOf(text[at], at + 1) : -1;
                if (end < 0)
                {
                    return read;
                }

                read.Add(key, text[(at + 1)..end]);
                at = end + 1;
                if (!text.AsSpan(at).StartsWith(", "))
                {
                    break;
                }

                at += 2;
            }
            while (at < text.Length && text[at] is '"' or '\'');
            at += at < text.Length && text[at] == '\n' ? 1 : 0;
        }

        return read;
    }

    /// <summary>Takes the words of the keys below <c>kernel</c> from a line's beginning, where all of them stand there.</summary>
    public bool TryTakeKernel(string line, out string rest) => TryTake(_kernel, line, out rest);

    /// <summary>Takes the words of the keys below <c>init</c> from the beginning of init's part of a line, as often as they stand
    /// there.</summary>
    public string WithoutInit(string init)
    {
        init = init.Trim(' ');
        while (TryTake(_init, init, out string rest))
        {
            init = rest.TrimStart(' ');
        }

        return init;
    }

    private static bool TryTake(List<(string Word, bool MayLackEquals)> words, string line, out string rest)
    {
        rest = line;
        foreach ((string word, bool mayLackEquals) in words)
        {
            if (!TryTake(word, ref rest) && !(mayLackEquals && TryTake(word[..^1], ref rest)))
            {
                return false;
            }
        }

        return words.Count > 0;
    }

    private static bool TryTake(string word, ref string rest)
    {
        if (!rest.StartsWith(word, StringComparison.Ordinal) || (rest.Length > word.Length && rest[word.Length] != ' '))
        {
            return false;
        }

        rest = rest[Math.Min(rest.Length, word.Length + 1)..];
        return true;
    }

    // A key without a value looks as one with an empty value here, but not on the command line.
    private void Add(string key, string value)
    {
        int dot = key.IndexOf('.', StringComparison.Ordinal) + 1;
        List<(string Word, bool MayLackEquals)>? list = dot == 0 ? null : key[..(dot - 1)] switch
        {
            "kernel" => _kernel,
            "init" => _init,
            _ => null,
        };
        string quote = value.AsSpan().ContainsAny(" \t\r\n") ? "\"" : "";
        list?.Add(($"{key[dot..]}={quote}{value}{quote}", value.Length == 0));
    }
}
