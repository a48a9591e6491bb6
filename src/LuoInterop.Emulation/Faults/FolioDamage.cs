namespace LuoInterop.Emulation;

/// <summary>Names what can become of a preserved folio on the way to the next kernel.</summary>
public enum FolioDamage
{
    /// <summary>It is not in the tree of preserved pages: RETRIEVE_FD fails with EIO, for ever (memfd_luo_retrieve_folios).</summary>
    NotPreserved,
    /// <summary>Other data was written over it: RETRIEVE_FD succeeds, and its bytes are 0xaa (PAGE_POISON).</summary>
    Overwritten,
    /// <summary>Its memory is broken: RETRIEVE_FD succeeds, and read(2) of it fails with EIO (shmem_file_read_iter).</summary>
    /// <remarks>
    /// KHO does not hand over which pages are poisoned (nothing in kernel/liveupdate names hwpoison in 7.3). A load through a
    /// mapping is a SIGBUS on Linux; here it sees bytes of 0xaa.
    /// </remarks>
    HardwarePoisoned,
}
