namespace LuoInterop.Emulation.Memfd;

/// <summary>Holds what the emulated kernel knows of a memory file beyond, or other than, the host.</summary>
internal class MemfdInode
{
    /// <summary>Gets or sets whether the file is preserved (SHMEM_F_MAPPING_FROZEN of mm/shmem.c).</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Gets or sets the blocks of 512 bytes that a preserved file had once its holes were filled.</summary>
    public ulong FrozenBlocks { get; set; }

    /// <summary>Gets or sets the seals that PRESERVE_FD found.</summary>
    public int FrozenSeals { get; set; }

    /// <summary>Gets or sets whether the file was retrieved: it has an empty name.</summary>
    public bool IsRetrieved { get; set; }

    /// <summary>Gets or sets whether growing was sealed through the seam: the host may cut a write that passes the end elsewhere.</summary>
    public bool IsSealedAgainstGrowth { get; set; }

    /// <summary>Gets or sets the seals, where the host's are others and cannot be made the same.</summary>
    public int? Seals { get; set; }

    /// <summary>Gets or sets the mode, where the host's is another and cannot be made the same.</summary>
    public uint? Mode { get; set; }

    /// <summary>Gets or sets the pages of the file whose memory is broken (PG_hwpoison); null for none.</summary>
    public SortedSet<long>? PoisonedPages { get; set; }

    /// <summary>Gets whether the file is one of shmem, whatever the host has in its place.</summary>
    public virtual bool IsShmem => true;

    /// <summary>Gets whether nothing is left to know.</summary>
    public virtual bool IsOrdinary => !IsFrozen && !IsRetrieved && !IsSealedAgainstGrowth && Seals is null;
}
