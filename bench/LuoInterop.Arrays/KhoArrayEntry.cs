using LuoInterop.Kho.Abi;

namespace LuoInterop.Arrays;

/// <summary>Holds one entry of a <see cref="KhoArray"/>: a hole, an integer or a pointer.</summary>
/// <param name="Word">The entry as it lies in memory: 0 is a hole, bit 0 marks an integer.</param>
public readonly record struct KhoArrayEntry(ulong Word)
{
    /// <summary>The largest integer (LONG_MAX): one bit goes to the mark.</summary>
    public const ulong MaxValue = long.MaxValue;

    private const ulong PointerAlignment = 8;

    public bool IsEmpty => Word == 0;

    /// <summary>Gets whether this is an integer (<c>ka_is_value</c>).</summary>
    public bool IsValue => (Word & 1) != 0;

    /// <summary>Gets whether this is a pointer. Whether to physical memory is for its user to know; the posting has both kinds.</summary>
    public bool IsPointer => Word != 0 && Word % PointerAlignment == 0;

    /// <summary>Gets the integer (<c>ka_to_value</c>).</summary>
    /// <exception cref="KhoFormatException"><see cref="KhoFormatError.BadEntry"/>: it is none.</exception>
    public ulong Value => IsValue
        ? Word >> 1
        : throw new KhoFormatException(KhoFormatError.BadEntry, $"The entry 0x{Word:x} of the array is no integer.");

    /// <summary>Makes the entry of an integer (<c>ka_mk_value</c>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is above <see cref="MaxValue"/>; the posting warns,
    /// and loses the top bit.</exception>
    public static KhoArrayEntry OfValue(ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxValue);
        return new KhoArrayEntry((value << 1) | 1);
    }

    /// <summary>Makes the entry of a pointer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is 0, or no multiple of 8.</exception>
    public static KhoArrayEntry OfPointer(ulong address)
    {
        ArgumentOutOfRangeException.ThrowIfZero(address);
        ArgumentOutOfRangeException.ThrowIfNotEqual(address % PointerAlignment, 0UL, nameof(address));
        return new KhoArrayEntry(address);
    }
}
