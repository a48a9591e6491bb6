using System.Buffers;
using System.Globalization;
using System.Text;

namespace LuoInterop.Litmus.Language;

/// <summary>Splits a line into words, up to a comment or an expectation.</summary>
internal sealed class Tokenizer(string script, int number, string line)
{
    private int _position;

    /// <summary>Gets where the operation ends in the line: before the expectation, the comment, or the line's end.</summary>
    public int End { get; private set; }

    /// <summary>Gets the text behind <c>=></c>, or null.</summary>
    public string? Expected { get; private set; }

    public List<Token> Read()
    {
        var tokens = new List<Token>();
        while (true)
        {
            while (_position < line.Length && char.IsWhiteSpace(line[_position]))
            {
                _position++;
            }

            if (_position == line.Length || line[_position] == '#')
            {
                return tokens;
            }

            if (line.AsSpan(_position).StartsWith("=>"))
            {
                Expected = line[(_position + 2)..].Trim();
                return Expected.Length > 0 ? tokens : throw Wrong("'=>' wants what is expected behind it.");
            }

            tokens.Add(ReadToken());
            End = _position;
        }
    }

    private Token ReadToken()
    {
        int start = _position;
        string? key = null;
        while (_position < line.Length && !char.IsWhiteSpace(line[_position]) && line[_position] != '"')
        {
            if (line[_position] == '=' && key is null && _position > start)
            {
                key = line[start.._position];
                start = _position + 1;
            }

            _position++;
        }

        if (_position == line.Length || line[_position] != '"')
        {
            return new Token(key, line[start.._position], null);
        }

        if (_position > start)
        {
            throw Wrong($"a quote inside the word '{line[start.._position]}'.");
        }

        byte[] quoted = ReadQuoted();
        start = _position;
        while (_position < line.Length && !char.IsWhiteSpace(line[_position]))
        {
            _position++;
        }

        return new Token(key, line[start.._position], quoted);
    }

    // C's escapes, so that every byte can be written.
    private byte[] ReadQuoted()
    {
        var bytes = new List<byte>();
        _position++;
        while (true)
        {
            char c = Next();
            switch (c)
            {
                case '"':
                    return [.. bytes];
                case '\\':
                    bytes.Add(ReadEscape());
                    break;
                default:
                    bytes.AddRange(ReadCharacter(c));
                    break;
            }
        }
    }

    private byte[] ReadCharacter(char c)
    {
        char[] characters = char.IsHighSurrogate(c) ? [c, Next()] : [c];
        return Rune.DecodeFromUtf16(characters, out Rune rune, out int length) == OperationStatus.Done && length == characters.Length
            ? Encoding.UTF8.GetBytes(characters)
            : throw Wrong($"the text has half of a surrogate pair, 0x{(int)c:x4}; write bytes that are not UTF-8 as \\xHH.");
    }

    private byte ReadEscape()
    {
        char c = Next();
        switch (c)
        {
            case 'n':
                return (byte)'\n';
            case 't':
                return (byte)'\t';
            case '0':
                return 0;
            case '\\' or '"':
                return (byte)c;
            case 'x':
                return byte.TryParse([Next(), Next()], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
                    ? value
                    : throw Wrong("'\\x' wants two hexadecimal digits.");
            default:
                throw Wrong($"'\\{c}' is no escape; there are \\n, \\t, \\0, \\\\, \\\" and \\xHH.");
        }
    }

    private char Next() => _position < line.Length ? line[_position++] : throw Wrong("a quote is not closed.");

    private LitmusSyntaxException Wrong(string reason) => new(script, number, reason);
}
