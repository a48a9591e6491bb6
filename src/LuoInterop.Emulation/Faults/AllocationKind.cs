namespace LuoInterop.Emulation;

/// <summary>Names what the kernel allocates for itself.</summary>
[Flags]
public enum AllocationKind
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Pages: of blocks, records, chunks of a vmalloc area, nodes of the radix tree, holes of a file (fail_page_alloc).</summary>
    Page = 1,
    /// <summary>Small objects: sessions, files, open file descriptions, arrays of pointers (failslab).</summary>
    Slab = 2,
    /// <summary>Both.</summary>
    Any = Page | Slab,
}
