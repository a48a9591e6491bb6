using System.Text;

namespace LuoInterop.KernelImages;

/// <summary>Is one parameter of a kernel command line, taken apart as the kernel does.</summary>
/// <remarks>
/// The kernel reads bytes: a name or value holds one character for each, U+0000 to U+00FF. Sources: next_arg and memparse of
/// <c>lib/cmdline.c</c>, parse_args of <c>kernel/params.c</c>, kstrtobool of <c>lib/kstrtox.c</c>, and isspace of <c>lib/ctype.c</c>,
/// which are the same from Linux 6.16 to 7.3 in what they read.
/// </remarks>
/// <param name="Name">What stands before the first <c>=</c>, without the quotes around the whole.</param>
/// <param name="Value">What follows it, without the quotes around it; null without a <c>=</c>.</param>
internal sealed record KernelParameter(string Name, string? Value)
{
    /// <summary>COMMAND_LINE_SIZE of x86 and arm64: the bytes that a kernel keeps of its command line, with the NUL.</summary>
    public const int COMMAND_LINE_SIZE = 2048;

    /// <summary>Reads the parameters that the kernel looks at: those of the first 2047 bytes, up to a NUL or a <c>--</c>.</summary>
    public static IReadOnlyList<KernelParameter> Read(string commandLine) => ReadBytes(ToBytes(commandLine));

    /// <summary>Reads them of a line that holds a character for each byte.</summary>
    public static IReadOnlyList<KernelParameter> ReadBytes(string bytes)
    {
        var parameters = new List<KernelParameter>();
        string line = Kept(bytes);
        for (int at = SkipSpaces(line, 0); at < line.Length;)
        {
            KernelParameter parameter = Next(line, ref at);
            if (parameter is { Name: "--", Value: null })
            {
                break;
            }

            parameters.Add(parameter);
        }

        return parameters;
    }

    /// <summary>Gets a command line's bytes as characters U+0000 to U+00FF.</summary>
    public static string ToBytes(string commandLine) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(commandLine));

    /// <summary>Gets the text that <see cref="ToBytes"/> was given.</summary>
    public static string ToText(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));

    /// <summary>Takes the parameter at a position that is no space, and goes to the next one.</summary>
    /// <param name="line">The line, a character for each byte.</param>
    /// <param name="at">The position, before and after.</param>
    public static KernelParameter Next(string line, ref int at)
    {
        bool whole = line[at] == '"';
        int start = whole ? at + 1 : at;
        bool quoted = whole;
        int equals = start;
        int end = start;
        for (; end < line.Length && (quoted || !IsSpace(line[end])); end++)
        {
            // One that the word begins with is part of the name.
            if (equals == start && line[end] == '=')
            {
                equals = end;
            }

            quoted ^= line[end] == '"';
        }

        at = SkipSpaces(line, end);
        bool endsQuoted = end > start && line[end - 1] == '"';
        if (equals == start)
        {
            return new(line[start..(whole && endsQuoted ? end - 1 : end)], null);
        }

        int value = equals + 1;
        bool valueOnly = value < end && line[value] == '"';
        int last = endsQuoted && (whole || valueOnly) ? end - 1 : end;
        value += valueOnly ? 1 : 0;
        return new(line[start..equals], value < last ? line[value..last] : "");
    }

    /// <summary>Goes past white space.</summary>
    public static int SkipSpaces(string line, int at)
    {
        while (at < line.Length && IsSpace(line[at]))
        {
            at++;
        }

        return at;
    }

    /// <summary>Gets the value of the last parameter of a name that is a boolean (kstrtobool); null where there is none.</summary>
    /// <remarks>A value that is none leaves what the ones before it said.</remarks>
    public static bool? Switch(IEnumerable<KernelParameter> parameters, string name)
    {
        bool? value = null;
        foreach (KernelParameter parameter in parameters)
        {
            if (parameter.Is(name))
            {
                value = Boolean(parameter.Value) ?? value;
            }
        }

        return value;
    }

    /// <summary>Tells whether the kernel takes the name for another one: <c>-</c> and <c>_</c> are the same (parameq).</summary>
    public bool Is(string name) => Name.Length == name.Length && Name.Replace('-', '_') == name.Replace('-', '_');

    /// <summary>Reads a number with a suffix as memparse() does: what overflows is as large as can be, and so is what the suffix
    /// makes too large.</summary>
    /// <param name="text">The text.</param>
    /// <param name="used">The characters that belong to the number; 0 for what is none.</param>
    public static ulong MemParse(ReadOnlySpan<char> text, out int used)
    {
        ulong value = Unsigned(text, out used);
        int power = used < text.Length && used > 0 ? "KMGTPE".IndexOf(char.ToUpperInvariant(text[used]), StringComparison.Ordinal) + 1 : 0;
        if (power == 0)
        {
            return value;
        }

        used++;
        return value > ulong.MaxValue >> (10 * power) ? ulong.MaxValue : value << (10 * power);
    }

    // simple_strtoull() with base 0.
    private static ulong Unsigned(ReadOnlySpan<char> text, out int used)
    {
        used = 0;
        uint radix = 10;
        if (text is ['0', 'x' or 'X', _, ..] && char.IsAsciiHexDigit(text[2]))
        {
            (used, radix) = (2, 16);
        }
        else if (text is ['0', ..])
        {
            radix = 8;
        }

        ulong value = 0;
        for (; used < text.Length && char.IsAsciiHexDigit(text[used]) && Convert.ToUInt32(text[used].ToString(), 16) is var digit
            && digit < radix; used++)
        {
            value = value > (ulong.MaxValue - digit) / radix ? ulong.MaxValue : (value * radix) + digit;
        }

        return value;
    }

    private static string Kept(string line)
    {
        int end = line.IndexOf('\0', StringComparison.Ordinal);
        return line[..Math.Min(end < 0 ? line.Length : end, COMMAND_LINE_SIZE - 1)];
    }

    // U+00A0 is a space of the kernel's, and a byte of many letters of UTF-8.
    private static bool IsSpace(char letter) => letter is ' ' or (>= '\t' and <= '\r') or '\u00a0';

    private static bool? Boolean(string? text) => text switch
    {
        ['e' or 'E' or 'y' or 'Y' or 't' or 'T' or '1', ..] => true,
        ['d' or 'D' or 'n' or 'N' or 'f' or 'F' or '0', ..] => false,
        ['o' or 'O', 'n' or 'N', ..] => true,
        ['o' or 'O', 'f' or 'F', ..] => false,
        _ => null,
    };
}
