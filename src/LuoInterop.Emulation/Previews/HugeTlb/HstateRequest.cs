namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Holds what the command line asks of one pool, before anything is allocated.</summary>
internal sealed class HstateRequest(int order)
{
    /// <summary>Gets the order of the pool's pages.</summary>
    public int Order { get; } = order;

    /// <summary>Gets or sets how many pages are wanted (max_huge_pages).</summary>
    public ulong MaxHugePages { get; set; }

    /// <summary>Gets or sets how many of them were asked for on node 0, the only one; 0 without the node form.</summary>
    public ulong OnNode { get; set; }
}
