using LuoInterop.Kho.Abi;

namespace LuoInterop.Arrays;

/// <summary>Codes a file's folio as an integer in a <see cref="KhoArray"/>,
/// where the position is the folio's page offset in the file.</summary>
/// <remarks>
/// Not in the posting, but in its author's tree of those days (<c>memfd_luo.c</c>): 52 bits of page frame number above 11 of flags,
/// one less than in <see cref="MemfdLuoFolioSer"/>, since an entry's integer has 63 bits.
/// </remarks>
/// <param name="Pfn">The folio's page frame number, below 2^52.</param>
/// <param name="Flags">Bits below 2^11, of the same meaning as in <see cref="MemfdLuoFolioSer"/>: 1 dirty, 2 up to date.</param>
public readonly record struct KhoArrayFolio(ulong Pfn, ushort Flags)
{
    public const int PRESERVED_PFN_SHIFT = 11;

    public const ulong MaxPfn = KhoArrayEntry.MaxValue >> PRESERVED_PFN_SHIFT;

    public const ushort MaxFlags = (1 << PRESERVED_PFN_SHIFT) - 1;

    /// <exception cref="KhoFormatException"><see cref="KhoFormatError.BadEntry"/>: the entry is a hole or a pointer.</exception>
    public static KhoArrayFolio Of(KhoArrayEntry entry) =>
        new(entry.Value >> PRESERVED_PFN_SHIFT, (ushort)(entry.Value & MaxFlags));

    /// <exception cref="ArgumentOutOfRangeException">A member does not fit.</exception>
    public KhoArrayEntry ToEntry()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Pfn, MaxPfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Flags, MaxFlags);
        return KhoArrayEntry.OfValue((Pfn << PRESERVED_PFN_SHIFT) | Flags);
    }
}
