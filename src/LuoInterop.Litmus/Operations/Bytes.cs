namespace LuoInterop.Litmus.Operations;

/// <summary>Makes the bytes that scripts write: what a seed and the offset in the file determine.</summary>
internal static class Bytes
{
    /// <summary>The most bytes of one read or write.</summary>
    public const long Most = 64 << 20;

    public static byte[] Make(long offset, long length, long seed)
    {
        byte[] bytes = new byte[length];
        for (long i = 0; i < length;)
        {
            ulong word = Mix((ulong)(offset + i) / 8, (ulong)seed);
            int shift = (int)((ulong)(offset + i) % 8);
            for (; shift < 8 && i < length; shift++, i++)
            {
                bytes[i] = (byte)(word >> (8 * shift));
            }
        }

        return bytes;
    }

    // SplitMix64.
    private static ulong Mix(ulong index, ulong seed)
    {
        ulong value = index + (seed << 40) + 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
