namespace LuoInterop.MemoryImages;

/// <summary>Counts pages by what an image has of them. Immutable.</summary>
/// <param name="Present">Pages whose bytes are there.</param>
/// <param name="Zero">Pages of which it is known without reading that they are zero.</param>
/// <param name="Excluded">Pages that were left out when the dump was written.</param>
/// <param name="Missing">Pages that were lost.</param>
/// <param name="Absent">Pages that are no memory.</param>
public readonly record struct PageCounts(ulong Present, ulong Zero, ulong Excluded, ulong Missing, ulong Absent)
{
    /// <summary>Gets the number of all.</summary>
    public ulong Total => Present + Zero + Excluded + Missing + Absent;

    /// <summary>Gets whether every page's bytes are known.</summary>
    public bool IsWhole => Excluded == 0 && Missing == 0 && Absent == 0;

    /// <summary>Adds up.</summary>
    public static PageCounts operator +(PageCounts left, PageCounts right) => new(
        left.Present + right.Present, left.Zero + right.Zero, left.Excluded + right.Excluded, left.Missing + right.Missing,
        left.Absent + right.Absent);

    /// <summary>Adds up.</summary>
    public static PageCounts Add(PageCounts left, PageCounts right) => left + right;

    internal PageCounts With(PageState state, ulong pages) => state switch
    {
        PageState.Present or PageState.Damaged => this with { Present = Present + pages },
        PageState.Zero => this with { Zero = Zero + pages },
        PageState.Excluded => this with { Excluded = Excluded + pages },
        PageState.Missing => this with { Missing = Missing + pages },
        _ => this with { Absent = Absent + pages },
    };
}
