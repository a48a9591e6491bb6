namespace LuoInterop.MemoryImages;

/// <summary>Names the formats of images.</summary>
public enum MemoryImageFormat
{
    /// <summary>The offset of a byte is its physical address.</summary>
    Raw,
    /// <summary>An ELF64 core whose segments have physical addresses: /proc/vmcore, QEMU's dump-guest-memory, makedumpfile -E.</summary>
    ElfCore,
    /// <summary>The format of makedumpfile and of QEMU's kdump-*: single pages, compressed or not.</summary>
    KdumpCompressed,
}

/// <summary>Names what an image has of a page.</summary>
public enum PageState
{
    /// <summary>The page's bytes.</summary>
    Present,
    /// <summary>The page, of which it is known without reading that it is zero: a hole of a sparse file.</summary>
    Zero,
    /// <summary>The page is memory, and was left out when the dump was written.</summary>
    Excluded,
    /// <summary>The page is memory, and was lost: the dump was not written to its end, or the file is cut off.</summary>
    Missing,
    /// <summary>The page's bytes cannot be unpacked.</summary>
    Damaged,
    /// <summary>The machine has no memory there.</summary>
    Absent,
}

/// <summary>Is a range of physical memory.</summary>
/// <param name="Address">Its first byte's physical address.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct MemoryRange(ulong Address, ulong Length)
{
    /// <summary>Gets the address behind the last byte.</summary>
    public ulong End => Address + Length;
}
