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

    private static bool? Boolean(ReadOnlySpan<char> text) => text switch
    {
        ['y' or 'Y' or 't' or 'T' or '1', ..] => true,
        ['n' or 'N' or 'f' or 'F' or '0', ..] => false,
        ['o' or 'O', 'n' or 'N', ..] => true,
        ['o' or 'O', 'f' or 'F', ..] => false,
        _ => null,
    };
}
