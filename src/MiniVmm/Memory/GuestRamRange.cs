using LuoInterop;

namespace MiniVmm.Memory;

/// <summary>Is a range of guest RAM: a memfd, and where the guest and this process see it.</summary>
/// <param name="Name">The file's name, by which it is found after a live update.</param>
/// <param name="GuestAddress">The guest physical address of its first byte.</param>
/// <param name="File">The memory, which <see cref="GuestRam"/> owns.</param>
/// <param name="Mapping">This process's view of it, which <see cref="GuestRam"/> owns too.</param>
internal sealed record GuestRamRange(string Name, ulong GuestAddress, Memfd File, MemfdMapping Mapping)
{
    /// <summary>Gets the length in bytes.</summary>
    public long Length => Mapping.Length;

    /// <summary>Gets the guest physical address after the last byte.</summary>
    public ulong End => GuestAddress + (ulong)Length;
}
