using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>A mapping of whole huge pages.</summary>
/// <param name="Address">Where it begins.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Hstate">Where its pages are from.</param>
/// <param name="OwnsPages">Whether it is private, and reserved its pages for itself.</param>
internal readonly record struct HugeMapping(nint Address, nuint Length, Hstate Hstate, bool OwnsPages)
{
    public nint End => Address + (nint)Length;
}

/// <summary>Knows the mappings of huge pages, which munmap(2) does not cut inside a page (hugetlb_vm_op_split in mm/hugetlb.c).</summary>
/// <remarks>Guarded by the running kernel's lock.</remarks>
internal sealed class HugeMappings
{
    private readonly List<HugeMapping> _mappings = [];

    public void Add(HugeMapping mapping) => _mappings.Add(mapping);

    public bool Overlaps(nint address, nuint length) =>
        _mappings.Exists(mapping => mapping.Address < address + (nint)length && address < mapping.End);

    /// <summary>munmap(2) of a range that may begin and end anywhere: 0, or <c>-errno</c> with everything as before.</summary>
    public int Unmap(nint address, nuint length)
    {
        // do_vmi_munmap looks at the arguments first.
        nint end = address
            + (nint)((length + (nuint)Environment.SystemPageSize
                - 1) / (nuint)Environment.SystemPageSize * (nuint)Environment.SystemPageSize);
        if (address % Environment.SystemPageSize == 0 && _mappings.Exists(mapping => Cuts(mapping, address) || Cuts(mapping, end)))
        {
            return Refused.EINVAL;
        }

        int error = LuoInterop.Kernel.Linux.MUnmap(address, length);
        if (error != 0)
        {
            return error;
        }

        for (int i = _mappings.Count - 1; i >= 0; i--)
        {
            HugeMapping mapping = _mappings[i];
            nint from = nint.Max(mapping.Address, address);
            nint to = nint.Min(mapping.End, end);
            if (from < to)
            {
                _mappings.RemoveAt(i);
                Keep(mapping, mapping.Address, from);
                Keep(mapping, to, mapping.End);
                GiveBack(mapping, to - from);
            }
        }

        return 0;
    }

    // Where the host has no huge pages a mapping need not begin at a multiple of their size: pages count from its start.
    private static bool Cuts(HugeMapping mapping, nint at) =>
        at > mapping.Address && at < mapping.End && (at - mapping.Address) % (nint)mapping.Hstate.PageSize != 0;

    private void Keep(HugeMapping mapping, nint from, nint to)
    {
        if (from < to)
        {
            _mappings.Add(mapping with { Address = from, Length = (nuint)(to - from) });
        }
    }

    // hugetlb_vm_op_close of the part that went.
    private static void GiveBack(HugeMapping mapping, nint bytes)
    {
        if (mapping.OwnsPages)
        {
            long pages = bytes / (nint)mapping.Hstate.PageSize;
            mapping.Hstate.Account(-pages);
            mapping.Hstate.Cgroup.UnchargeReserved((ulong)pages);
        }
    }
}
