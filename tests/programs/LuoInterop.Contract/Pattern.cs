using System.Runtime.InteropServices;
using Xunit;

namespace LuoInterop.Contract;

/// <summary>Fills memory with numbers that a seed and their place determine, and checks them.</summary>
public static class Pattern
{
    private const int Window = 4 << 20;

    public static void Fill(Memfd memfd, int seed)
    {
        long size = memfd.Size;
        if (size == 0)
        {
            return;
        }

        byte[] block = new byte[(int)Math.Min(Window, size)];
        for (long offset = 0; offset < size; offset += block.Length)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(block.Length, size - offset));
            Generate(part, offset, seed);
            memfd.Write(offset, part);
        }
    }

    public static void Verify(Memfd memfd, long size, int seed)
    {
        Assert.Equal(size, memfd.Size);
        byte[] expected = new byte[(int)Math.Min(Window, Math.Max(size, 1))];
        byte[] actual = new byte[expected.Length];
        for (long offset = 0; offset < size; offset += expected.Length)
        {
            int count = (int)Math.Min(expected.Length, size - offset);
            Generate(expected.AsSpan(0, count), offset, seed);
            Assert.Equal(count, memfd.Read(offset, actual.AsSpan(0, count)));
            int difference = expected.AsSpan(0, count).CommonPrefixLength(actual.AsSpan(0, count));
            Assert.True(difference
                == count, $"Byte {offset + difference} is 0x{(difference < count ? actual[difference] : 0):x2}, not what seed "
                    + $"{seed} gives.");
        }
    }

    /// <summary>Fills a span with the pattern's bytes from an offset that is a multiple of 8.</summary>
    public static void Generate(Span<byte> destination, long offset, int seed)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(destination);
        ulong index = (ulong)offset / 8;
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = Mix(index++ + ((ulong)seed << 40));
        }

        Span<byte> tail = destination[(words.Length * 8)..];
        ulong last = Mix(index + ((ulong)seed << 40));
        for (int i = 0; i < tail.Length; i++)
        {
            tail[i] = (byte)(last >> (8 * i));
        }
    }

    /// <summary>Mixes as SplitMix64 does.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
