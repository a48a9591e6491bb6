namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Holds the pools of a kernel.</summary>
/// <param name="hstates">The pools, in the order in which they were made.</param>
/// <param name="standard">The pool of the default size.</param>
/// <param name="log">What the kernel said of them at boot.</param>
internal sealed class HugeTlbPools(IReadOnlyList<Hstate> hstates, Hstate standard, List<string> log)
{
    public IReadOnlyList<Hstate> Hstates { get; } = hstates;

    /// <summary>Gets the pool of the default size.</summary>
    public Hstate Standard { get; } = standard;

    /// <summary>Gets what the kernel said of the pools.</summary>
    public IReadOnlyList<string> Log => log;

    /// <summary>Gets or sets whether no pool may change (the talk's option 1, from the first preserved file to the kexec).</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Adds a line to the kernel's log.</summary>
    public void Say(string line) => log.Add(line);

    /// <summary>Finds the pool of an order, or null (size_to_hstate).</summary>
    public Hstate? Find(int order)
    {
        foreach (Hstate hstate in Hstates)
        {
            if (hstate.Order == order)
            {
                return hstate;
            }
        }

        return null;
    }

    /// <summary>Finds the pool of a size as memfd_create(2) names it, 0 for the default one; or null (hstate_sizelog).</summary>
    public Hstate? FindLog(int sizeLog) => sizeLog == 0 ? Standard : Find(sizeLog - Kho.PhysicalMemory.PageShift);
}
