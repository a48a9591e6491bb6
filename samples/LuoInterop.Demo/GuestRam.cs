using System.Runtime.InteropServices;

namespace LuoInterop.Demo;

/// <summary>Fills a guest's RAM with a pattern that depends on a seed and on the place of every byte, and checks it.</summary>
internal static class GuestRam
{
    private const int Window = 16 << 20;

    public static void Fill(MemfdMapping ram, ulong seed)
    {
        for (long offset = 0; offset < ram.Length; offset += Window)
        {
            Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(ram.GetSpan(offset, (int)Math.Min(Window, ram.Length - offset)));
            ulong index = (ulong)offset / sizeof(ulong);
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = Word(index++, seed);
            }
        }
    }

    /// <summary>Checks every byte.</summary>
    /// <returns>The offset of the first word that is wrong, or -1.</returns>
    public static long FindDifference(MemfdMapping ram, ulong seed)
    {
        for (long offset = 0; offset < ram.Length; offset += Window)
        {
            ReadOnlySpan<ulong> words =
                MemoryMarshal.Cast<byte, ulong>(ram.GetReadOnlySpan(offset, (int)Math.Min(Window, ram.Length - offset)));
            ulong index = (ulong)offset / sizeof(ulong);
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i] != Word(index++, seed))
                {
                    return offset + (i * sizeof(ulong));
                }
            }
        }

        return -1;
    }

    /// <summary>Mixes the place of a word with the seed, so that neither a shift nor a stale page looks right.</summary>
    private static ulong Word(ulong index, ulong seed)
    {
        ulong word = (index ^ seed) * 0x9E3779B97F4A7C15;
        return word ^ (word >> 29);
    }
}
