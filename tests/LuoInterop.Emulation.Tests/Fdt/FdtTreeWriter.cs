using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Writes a device tree of any version, and remembers where damage would tell.</summary>
/// <param name="version">The format's version: before 16 node names are paths, and values of 8 bytes and more are aligned to 8.</param>
internal sealed class FdtTreeWriter(uint version)
{
    public const uint BeginNode = 1;
    public const uint EndNode = 2;
    public const uint Prop = 3;
    public const uint Nop = 4;
    public const uint End = 9;

    private const uint Magic = 0xd00dfeed;

    private readonly List<byte> _structure = [];
    private readonly List<byte> _strings = [];
    private readonly Stack<string> _path = new();

    /// <summary>Gets the offsets of words that mean something: tokens, lengths, offsets of names; from the structure block.</summary>
    public List<int> Words { get; } = [];

    public void Token(uint token)
    {
        Words.Add(_structure.Count);
        Word(_structure, token);
    }

    public void Begin(string name)
    {
        Token(BeginNode);
        _path.Push(_path.TryPeek(out string? parent) ? $"{parent.TrimEnd('/')}/{name}" : "/" + name);
        Text(_structure, version < 16 ? _path.Peek() : name);
        Pad(4);
    }

    public void EndOfNode()
    {
        _path.Pop();
        Token(EndNode);
    }

    public void Property(string name, ReadOnlySpan<byte> value)
    {
        Token(Prop);
        Words.Add(_structure.Count);
        Word(_structure, (uint)value.Length);
        Words.Add(_structure.Count);
        Word(_structure, StringOffset(name));
        if (version < 16 && value.Length >= 8)
        {
            Pad(8);
        }

        _structure.AddRange(value);
        Pad(4);
    }

    /// <summary>Puts the blocks together; <see cref="Words"/> count from the tree then.</summary>
    /// <param name="stringsFirst">Whether the strings block comes before the structure block.</param>
    /// <param name="gap">Bytes between blocks, a multiple of 8.</param>
    /// <param name="slack">Bytes behind the last block that belong to the tree.</param>
    public byte[] Finish(bool stringsFirst, int gap, int slack)
    {
        int reserve = 40 + gap;
        int first = reserve + 16 + gap;
        int second = ((first + (stringsFirst ? _strings.Count : _structure.Count) + 7) & ~7) + gap;
        (int structure, int strings) = stringsFirst ? (second, first) : (first, second);
        int total = second + (stringsFirst ? _structure.Count : _strings.Count) + slack;
        byte[] tree = new byte[total];
        _structure.CopyTo(tree, structure);
        _strings.CopyTo(tree, strings);
        ReadOnlySpan<int> header =
        [
            unchecked((int)Magic), total, structure, strings, reserve, (int)version, (int)Math.Min(version, 16), 0, _strings.Count,
            _structure.Count,
        ];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(tree.AsSpan(i * 4), header[i]);
        }

        for (int i = 0; i < Words.Count; i++)
        {
            Words[i] += structure;
        }

        return tree;
    }

    private static void Text(List<byte> bytes, string text)
    {
        bytes.AddRange(Encoding.Latin1.GetBytes(text));
        bytes.Add(0);
    }

    private static void Word(List<byte> bytes, uint word) =>
        bytes.AddRange([(byte)(word >> 24), (byte)(word >> 16), (byte)(word >> 8), (byte)word]);

    // Where a name is, as a whole string or the end of one.
    private uint StringOffset(string name)
    {
        byte[] text = [.. Encoding.Latin1.GetBytes(name), 0];
        for (int at = 0; at + text.Length <= _strings.Count; at++)
        {
            if (_strings.Slice(at, text.Length).SequenceEqual(text))
            {
                return (uint)at;
            }
        }

        _strings.AddRange(text);
        return (uint)(_strings.Count - text.Length);
    }

    private void Pad(int alignment)
    {
        while (_structure.Count % alignment != 0)
        {
            _structure.Add(0);
        }
    }
}
