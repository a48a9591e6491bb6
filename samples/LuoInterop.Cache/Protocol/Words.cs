using System.Buffers.Text;

namespace LuoInterop.Cache.Protocol;

/// <summary>Takes the words of a command line, one after the other.</summary>
internal ref struct Words(ReadOnlySpan<byte> line)
{
    private ReadOnlySpan<byte> _rest = line;

    /// <summary>Tells whether at least so many words are left.</summary>
    public readonly bool Has(int count)
    {
        Words rest = this;
        while (count > 0 && !rest.Next().IsEmpty)
        {
            count--;
        }

        return count == 0;
    }

    /// <summary>Takes the next word; empty where there is none.</summary>
    public ReadOnlySpan<byte> Next()
    {
        _rest = _rest.TrimStart((byte)' ');
        int end = _rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? _rest : _rest[..end];
        _rest = _rest[word.Length..];
        return word;
    }

    /// <summary>Takes the next word as a number.</summary>
    public bool TryNumber(out ulong number)
    {
        ReadOnlySpan<byte> word = Next();
        return Utf8Parser.TryParse(word, out number, out int used) && used == word.Length;
    }

    /// <summary>Takes the next word as a number that may be negative.</summary>
    public bool TrySigned(out long number)
    {
        ReadOnlySpan<byte> word = Next();
        return Utf8Parser.TryParse(word, out number, out int used) && used == word.Length;
    }
}
