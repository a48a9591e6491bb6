using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Counts and limits the huge pages of one size that the programs use: their hugetlb cgroup (mm/hugetlb_cgroup.c).</summary>
/// <remarks>All programs of the machine are in one cgroup. Counts are of huge pages.</remarks>
internal sealed class HugeTlbCgroup
{
    /// <summary>Gets the pages in use (<c>current</c>).</summary>
    public ulong Current { get; private set; }

    /// <summary>Gets the pages reserved or in use (<c>rsvd.current</c>).</summary>
    public ulong ReservedCurrent { get; private set; }

    /// <summary>Gets the limit of <see cref="Current"/>; null for none.</summary>
    public ulong? Max { get; private set; }

    /// <summary>Gets the limit of <see cref="ReservedCurrent"/>; null for none.</summary>
    public ulong? ReservedMax { get; private set; }

    /// <summary>Sets the limit of pages in use: 0, or EBUSY below what is in use (page_counter_set_max).</summary>
    public int SetMax(ulong? pages)
    {
        if (pages < Current)
        {
            return Refused.EBUSY;
        }

        Max = pages;
        return 0;
    }

    /// <summary>Sets the limit of reserved pages: 0, or EBUSY below what is reserved.</summary>
    public int SetReservedMax(ulong? pages)
    {
        if (pages < ReservedCurrent)
        {
            return Refused.EBUSY;
        }

        ReservedMax = pages;
        return 0;
    }

    /// <summary>Charges pages (hugetlb_cgroup_charge_cgroup): false above the limit.</summary>
    public bool TryCharge(ulong pages)
    {
        if (Max - Current < pages)
        {
            return false;
        }

        Current += pages;
        return true;
    }

    /// <summary>Charges reserved pages (hugetlb_cgroup_charge_cgroup_rsvd): false above the limit.</summary>
    public bool TryChargeReserved(ulong pages)
    {
        if (ReservedMax - ReservedCurrent < pages)
        {
            return false;
        }

        ReservedCurrent += pages;
        return true;
    }

    /// <summary>Takes charges back.</summary>
    public void Uncharge(ulong pages) => Current -= pages;

    /// <summary>Takes charges of reserved pages back.</summary>
    public void UnchargeReserved(ulong pages) => ReservedCurrent -= pages;
}
