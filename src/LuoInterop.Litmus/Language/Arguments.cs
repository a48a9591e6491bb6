using System.Globalization;
using System.Text.Unicode;

namespace LuoInterop.Litmus.Language;

/// <summary>Hands out the arguments of one operation, and says what is wrong with them.</summary>
internal sealed class Arguments(string script, int line, Verb verb, IReadOnlyList<Token> tokens)
{
    private const int LongestName = 32;

    private readonly bool[] _used = new bool[tokens.Count];
    private int _next;

    /// <summary>Takes the next positional argument: the name of a descriptor.</summary>
    public string Descriptor() => CheckName(Positional("a descriptor's name"));

    /// <summary>Takes the next positional argument: a number.</summary>
    public long Number(string what) => ToNumber(Positional(what), what);

    /// <summary>Takes the next positional argument: a word.</summary>
    public string Word(string what) => Positional(what);

    /// <summary>Takes the next positional argument: a session's name.</summary>
    public SessionNameField Name() =>
        Take() is { Key: null, Quoted: { } quoted, Word: var suffix }
            ? ToName(quoted, suffix)
            : throw Wrong("a session's name in quotes is wanted.");

    /// <summary>Takes <c>key=number</c>, or null.</summary>
    public long? OptionalNumber(string key) => Option(key) is { } token ? ToNumber(Unquoted(token), key) : null;

    /// <summary>Takes <c>key=word</c>, or null.</summary>
    public string? OptionalWord(string key) => Option(key) is { } token ? Unquoted(token) : null;

    /// <summary>Takes <c>key="name"</c>, or null.</summary>
    public SessionNameField? OptionalName(string key) => Option(key) switch
    {
        null => null,
        { Quoted: { } quoted, Word: var suffix } => ToName(quoted, suffix),
        _ => throw Wrong($"{key}= wants a text in quotes."),
    };

    /// <summary>Takes <c>key="text"</c>, or null.</summary>
    public string? OptionalText(string key) => Option(key) switch
    {
        null => null,
        { Quoted: { } quoted, Word: "" } => Utf8.IsValid(quoted)
            ? System.Text.Encoding.UTF8.GetString(quoted)
            : throw Wrong($"{key}= is a text that goes to the kernel in UTF-8, and these bytes are not UTF-8."),
        _ => throw Wrong($"{key}= wants a text in quotes."),
    };

    /// <summary>Takes <c>key=A|B|0x4</c>, names of bits and numbers, or null.</summary>
    public long? OptionalFlags(string key, IReadOnlyDictionary<string, long> names) =>
        Option(key) is { } token ? ToFlags(Unquoted(token), names) : null;

    /// <summary>Takes the next positional argument: names of bits and numbers.</summary>
    public long Flags(string what, IReadOnlyDictionary<string, long> names) => ToFlags(Positional(what), names);

    /// <summary>Takes a word that stands alone, such as <c>private</c>; false when it is not there.</summary>
    public bool Switch(string word)
    {
        for (int i = _next; i < tokens.Count; i++)
        {
            if (!_used[i] && tokens[i] is { Key: null, Quoted: null } token && token.Word == word)
            {
                _used[i] = true;
                return true;
            }
        }

        return false;
    }

    /// <summary>Checks that a text can name a descriptor.</summary>
    public string CheckName(string name) =>
        name.Length is > 0 and <= LongestName
            && char.IsAsciiLetter(name[0])
            && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? name
            : throw Wrong($"'{name}' is no name of a descriptor: a letter, then letters, digits and '_'.");

    /// <summary>Makes the error of this line.</summary>
    public LitmusSyntaxException Wrong(string reason) => new(script, line, $"{reason} Write: {verb.Syntax}");

    /// <summary>Checks that nothing was left over.</summary>
    public void CheckAllUsed()
    {
        int left = Array.IndexOf(_used, false);
        if (left >= 0)
        {
            Token token = tokens[left];
            throw Wrong($"'{(token.Key is null ? "" : token.Key + "=")}{(token.Quoted is null ? token.Word : "\"...\"")}' is not "
                + "understood.");
        }
    }

    private string Positional(string what) =>
        Take() is { Key: null, Quoted: null, Word: var word } ? word : throw Wrong($"{what} is missing.");

    private Token? Take()
    {
        while (_next < tokens.Count && (_used[_next] || tokens[_next].Key is not null))
        {
            _next++;
        }

        if (_next == tokens.Count)
        {
            return null;
        }

        _used[_next] = true;
        return tokens[_next++];
    }

    private Token? Option(string key)
    {
        int found = -1;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Key == key)
            {
                found = found < 0 ? i : throw Wrong($"{key}= is there twice.");
                _used[i] = true;
            }
        }

        return found < 0 ? null : tokens[found];
    }

    private string Unquoted(Token token) =>
        token.Quoted is null && token.Word.Length > 0 ? token.Word : throw Wrong($"{token.Key}= wants a word without quotes.");

    private SessionNameField ToName(byte[] text, string suffix)
    {
        SessionNameField? field = SessionNameField.TryMake(text, suffix);
        return field
            ?? throw Wrong($"a session's name has at most {SessionNameField.LongestText} bytes, with *N behind it for N of them "
                + $"({SessionNameField.ShortestPadded} to {SessionNameField.Length}, the script's prefix among them), or + for "
                + "garbage behind its end.");
    }

    private long ToFlags(string text, IReadOnlyDictionary<string, long> names)
    {
        long flags = 0;
        foreach (string word in text.Split('|'))
        {
            flags |= names.TryGetValue(word, out long value) ? value
                : word.Length > 0 && char.IsAsciiDigit(word[0]) ? ToNumber(word, "flag")
                : throw Wrong($"'{word}' is none of {string.Join(", ", names.Keys)}.");
        }

        return flags;
    }

    private long ToNumber(string text, string what)
    {
        bool negative = text.StartsWith('-');
        ReadOnlySpan<char> digits = text.AsSpan(negative ? 1 : 0);
        int shift =
            digits.IsEmpty || digits.StartsWith("0x") ? 0 : digits[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        digits = shift == 0 ? digits : digits[..^1];
        bool parsed = digits.StartsWith("0x")
            ? ulong.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (!parsed || (shift > 0 && value > (ulong)(long.MaxValue >> shift)))
        {
            throw Wrong($"{what}: '{text}' is no number; decimal and 0x numbers, with K, M, G or T behind the decimal ones.");
        }

        // Numbers up to 2^64 - 1 are written as the kernel's u64 has them.
        long number = unchecked((long)(value << shift));
        return negative ? unchecked(-number) : number;
    }
}
