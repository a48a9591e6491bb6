using System.Runtime.InteropServices;

namespace LuoInterop.Cache.Items;

/// <summary>Is what stands in front of each key and value in the log.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ItemRecord
{
    /// <summary>The bytes of this structure.</summary>
    public const int Size = 56;

    /// <summary>Records start at multiples of it.</summary>
    public const int Alignment = 8;

    /// <summary>The longest key in bytes: the text protocol's limit.</summary>
    public const int LongestKey = 250;

    /// <summary>The longest value in bytes: memcached's default.</summary>
    public const int LongestValue = 1 << 20;

    /// <summary>The longest record.</summary>
    public const int Longest = Size + ((LongestKey + LongestValue + Alignment - 1) / Alignment * Alignment);

    /// <summary>The length of the record in bytes, with what fills it up to the alignment. First, so that also a filler of eight
    /// bytes has one.</summary>
    public int Length;

    /// <summary>The key's bytes; 0 for a filler, which is no item.</summary>
    public ushort KeyLength;

    /// <summary>Not 0: was read since it was written. Not part of the checksum.</summary>
    public byte Used;

    private readonly byte _reserved;

    /// <summary>The position of the bucket's next record, which is older; 0 for none. Not part of the checksum.</summary>
    public long Next;

    /// <summary>The number that changes with every store of this key.</summary>
    public ulong Cas;

    public ulong Hash;

    /// <summary>When the item ends, in seconds since 1970; 0 for never.</summary>
    public long Expiry;

    /// <summary>The client's number.</summary>
    public uint Flags;

    /// <summary>The value's bytes.</summary>
    public int ValueLength;

    /// <summary>XxHash3 of what stands between <see cref="Next"/> and here, and of key and value.</summary>
    public ulong Checksum;

    /// <summary>Gives the length of a record in bytes.</summary>
    public static int LengthOf(int keyLength, int valueLength) =>
        (Size + keyLength + valueLength + Alignment - 1) / Alignment * Alignment;
}
