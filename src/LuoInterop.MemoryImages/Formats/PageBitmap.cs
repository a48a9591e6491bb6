using System.Buffers.Binary;
using System.Numerics;
using LuoInterop.MemoryImages.Bytes;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Looks bits up in a bitmap of page frames that stays in its file, one part of it in memory at a time.</summary>
internal sealed class PageBitmap
{
    private const int PartBytes = 4096;
    private const int PartBits = PartBytes * 8;
    private const int PartWords = PartBytes / sizeof(ulong);

    private readonly ByteSource _source;
    private readonly long _offset;
    private readonly ulong _bits;

    // How many bits are set before each part, and in all.
    private readonly ulong[] _before;
    private readonly byte[] _part = new byte[PartBytes];
    private int _held = -1;

    /// <param name="source">The file.</param>
    /// <param name="offset">Where the bitmap begins.</param>
    /// <param name="bits">Its bits.</param>
    /// <exception cref="MemoryImageException">The file ends before it does.</exception>
    public PageBitmap(ByteSource source, long offset, ulong bits)
    {
        (_source, _offset, _bits) = (source, offset, bits);
        _before = new ulong[(int)((bits + PartBits - 1) / PartBits) + 1];
        for (int part = 0; part < _before.Length - 1; part++)
        {
            Hold(part);
            _before[part + 1] = _before[part] + CountUpTo(PartBits);
        }
    }

    /// <summary>Gets how many bits are set.</summary>
    public ulong Count => _before[^1];

    public bool this[ulong bit]
    {
        get
        {
            if (bit >= _bits)
            {
                return false;
            }

            Hold((int)(bit / PartBits));
            int within = (int)(bit % PartBits);
            return ((_part[within / 8] >> (within % 8)) & 1) != 0;
        }
    }

    /// <summary>Counts the bits that are set before one.</summary>
    public ulong Rank(ulong bit)
    {
        Hold((int)(bit / PartBits));
        return _before[_held] + CountUpTo((int)(bit % PartBits));
    }

    /// <summary>Finds the first bit at or behind one that is set, or clear; <see cref="ulong.MaxValue"/> where there is none.</summary>
    public ulong Next(ulong bit, bool isSet)
    {
        while (bit < _bits)
        {
            int part = (int)(bit / PartBits);
            ulong count = _before[part + 1] - _before[part];
            if (isSet ? count == 0 : count == PartBits)
            {
                bit = ((ulong)part + 1) * PartBits;
                continue;
            }

            Hold(part);
            for (int word = (int)(bit % PartBits) / 64; word < PartWords; word++)
            {
                ulong bits = Word(word);
                bits = isSet ? bits : ~bits;
                bits &= bit % PartBits / 64 == (ulong)word ? ulong.MaxValue << (int)(bit % 64) : ulong.MaxValue;
                if (bits != 0)
                {
                    ulong found = ((ulong)part * PartBits) + ((ulong)word * 64) + (ulong)BitOperations.TrailingZeroCount(bits);
                    return found < _bits ? found : ulong.MaxValue;
                }
            }

            bit = ((ulong)part + 1) * PartBits;
        }

        return ulong.MaxValue;
    }

    private ulong Word(int index) => BinaryPrimitives.ReadUInt64LittleEndian(_part.AsSpan(index * sizeof(ulong)));

    private ulong CountUpTo(int bits)
    {
        ulong count = 0;
        for (int word = 0; word < bits / 64; word++)
        {
            count += (ulong)BitOperations.PopCount(Word(word));
        }

        return bits % 64 == 0 ? count : count + (ulong)BitOperations.PopCount(Word(bits / 64) & ((1UL << (bits % 64)) - 1));
    }

    // Bits behind the last one are taken as clear, whatever they are.
    private void Hold(int part)
    {
        if (_held == part)
        {
            return;
        }

        _held = -1;
        long start = (long)part * PartBytes;
        ulong bits = Math.Min(_bits - ((ulong)part * PartBits), PartBits);
        int bytes = (int)((bits + 7) / 8);
        if (!_source.TryRead(_offset + start, _part.AsSpan(0, bytes)))
        {
            throw new MemoryImageException(MemoryImageError.Truncated, "The file ends within its bitmap of pages.");
        }

        _part.AsSpan(bytes).Clear();
        if (bits % 8 != 0)
        {
            _part[bytes - 1] &= (byte)((1 << (int)(bits % 8)) - 1);
        }

        _held = part;
    }
}
