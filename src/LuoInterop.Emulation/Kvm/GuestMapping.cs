using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds a mapping of a guest_memfd in this process (<c>struct vm_area_struct</c>).</summary>
/// <param name="Address">Its first byte.</param>
/// <param name="Length">Its length in bytes, a multiple of the page size.</param>
/// <param name="FirstPage">The page of the file that it begins with.</param>
/// <param name="Protection">PROT_ bits of the pages that may be touched; PROT_NONE where none may,
/// because the memory is not shared.</param>
/// <param name="File">The file, of which the mapping has a reference.</param>
/// <param name="Process">The process that mapped it; null when that has exited, and the reference is gone.</param>
internal sealed record GuestMapping(
    nint Address, long Length, long FirstPage, int Protection, GuestMemfdFile File, FileDescriptorTable? Process)
{
    public PageRun Pages => new(FirstPage, FirstPage + (Length >> PhysicalMemory.PageShift));

    public nint End => Address + (nint)Length;

    /// <summary>Gets where a page of the file is.</summary>
    public nint AddressOf(long page) => Address + (nint)((page - FirstPage) << PhysicalMemory.PageShift);
}
