using System.Buffers.Binary;

namespace LuoInterop.Fuzz;

/// <summary>Damages a grammatical input a little: what is left of the grammar leads the parser to the damage.</summary>
internal static class Damage
{
    private const int MostBytes = 1 << 17;

    private static readonly ulong[] Odd =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 4095, 4096, 4097, 32767, 32768, 65535, 65536,
        1UL << 20, 1UL << 24,
        int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, 1UL << 52, long.MaxValue, 1UL << 63, ulong.MaxValue - 1, ulong.MaxValue,
        ulong.MaxValue << 12,
    ];

    /// <summary>Gives a damaged copy of an input, or the input itself changed.</summary>
    public static byte[] Apply(Random random, FuzzTarget target, byte[] input)
    {
        if (input.Length < 16)
        {
            return Splice(random, input, target.Generate(random));
        }

        if (target.IsMemory && random.Next(3) != 0)
        {
            Link(random, input);
            return input;
        }

        int at = random.Next(input.Length);
        int length = Length(random, input.Length - at);
        switch (random.Next(target.Snippets.Count > 0 ? 13 : 11))
        {
            case 0 or 1:
                input[at] ^= (byte)(1 << random.Next(8));
                return input;
            case 2:
                input[at] = (byte)random.Next(256);
                return input;
            case 3:
                return input[..at];
            case 4:
                return [.. input[..at], .. input[(at + length)..]];
            case 5:
                return Insert(input, random.Next(input.Length), input.AsSpan(at, length));
            case 6:
                return Splice(random, input, target.Generate(random));
            case 7:
                SwapWords(random, input);
                return input;
            case 8 or 9:
                WriteOdd(random, input);
                return input;
            case 10:
                input.AsSpan(at, length).Fill((byte)(random.Next(3) switch { 0 => 0, 1 => 0xff, _ => random.Next(256) }));
                return input;
            case 11:
                return Insert(input, at, target.Snippets[random.Next(target.Snippets.Count)]);
            default:
                byte[] snippet = target.Snippets[random.Next(target.Snippets.Count)];
                snippet.AsSpan(0, Math.Min(snippet.Length, input.Length - at)).CopyTo(input.AsSpan(at));
                return input;
        }
    }

    // Short chunks mostly: an entry, a structure, a token.
    private static int Length(Random random, int most) => Math.Min(most, random.Next(4) == 0 ? random.Next(most + 1) : random.Next(1, 65));

    private static byte[] Insert(byte[] input, int at, ReadOnlySpan<byte> chunk) =>
        input.Length + chunk.Length > MostBytes ? input : [.. input[..at], .. chunk, .. input[at..]];

    private static byte[] Splice(Random random, byte[] first, byte[] second)
    {
        byte[] spliced = [.. first[..random.Next(first.Length + 1)], .. second[random.Next(second.Length + 1)..]];
        return spliced.Length > MostBytes ? spliced[..MostBytes] : spliced;
    }

    // Lengths and counts are words, and those of one structure lie near each other.
    private static void SwapWords(Random random, byte[] input)
    {
        int size = 1 << random.Next(1, 4);
        int first = random.Next(input.Length / size);
        int second =
            random.Next(3) == 0 ? random.Next(input.Length / size) : Math.Min(first + random.Next(1, 5), (input.Length / size) - 1);
        for (int i = 0; i < size; i++)
        {
            (input[(first * size) + i], input[(second * size) + i]) = (input[(second * size) + i], input[(first * size) + i]);
        }
    }

    private static void WriteOdd(Random random, byte[] input)
    {
        int size = 1 << random.Next(4);
        Span<byte> place = input.AsSpan(random.Next(input.Length / size) * size, size);
        ulong value = random.Next(3) == 0 ? (ulong)random.NextInt64() : Odd[random.Next(Odd.Length)];
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, value);
            word[..size].CopyTo(place);
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(word, value);
            word[^size..].CopyTo(place);
        }
    }

    // Words that are links or numbers, at the beginning of pages mostly, made to name other pages, and themselves.
    private static void Link(Random random, byte[] input)
    {
        int page = random.Next(((input.Length - 1) / MemoryImage.PageSize) + 1) * MemoryImage.PageSize;
        int words = Math.Min(MemoryImage.PageSize, input.Length - page) / sizeof(ulong);
        if (words == 0)
        {
            return;
        }

        Span<byte> place =
            input.AsSpan(page + (random.Next(Math.Min(words, random.Next(3) == 0 ? words : 12)) * sizeof(ulong)), sizeof(ulong));
        ulong old = BinaryPrimitives.ReadUInt64LittleEndian(place);
        ulong other = MemoryImage.Base + ((ulong)random.Next((input.Length / MemoryImage.PageSize) + 1) * MemoryImage.PageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(
            place,
            random.Next(8) switch
            {
                0 => old + 1,
                1 => old - 1,
                2 => old ^ (1UL << random.Next(64)),
                3 => Odd[random.Next(Odd.Length)],
                4 => other + (ulong)random.Next(MemoryImage.PageSize),
                _ => other,
            });
    }
}
