using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation;

/// <summary>Keeps bytes for the next kernel in memory that KHO preserves (include/linux/kexec_handover.h).</summary>
/// <remarks>Addresses are those of the emulated physical memory. Use it inside callbacks of modules only:
/// the running kernel's lock guards it.</remarks>
public sealed class KhoMemory
{
    private readonly KexecHandover _handover;
    private readonly Dictionary<ulong, int> _orders = [];

    internal KhoMemory(KexecHandover handover) => _handover = handover;

    /// <summary>Allocates zeroed memory that the next kernel finds (kho_alloc_preserve).</summary>
    /// <param name="bytes">The size, at least 1; rounded up to a power of two of pages of 4 KiB, at most 4 MiB (MAX_PAGE_ORDER).</param>
    /// <returns>The address, or 0 when memory is short or the size is out of range.</returns>
    public ulong AllocatePreserve(int bytes)
    {
        const int Largest = 4 << 20;
        if (bytes is < 1 or > Largest)
        {
            return 0;
        }

        int pages = (bytes + PhysicalMemory.PageSize - 1) >> PhysicalMemory.PageShift;
        int order = System.Numerics.BitOperations.Log2((uint)pages) + (System.Numerics.BitOperations.IsPow2(pages) ? 0 : 1);
        ulong address = _handover.AllocatePreserved(order);
        if (address != 0)
        {
            _orders.Add(address, order);
        }

        return address;
    }

    /// <summary>Frees memory that this kernel allocated: the next one does not find it (kho_unpreserve_free).</summary>
    /// <param name="address">What <see cref="AllocatePreserve"/> returned.</param>
    /// <exception cref="ArgumentException">Nothing was allocated there.</exception>
    public void UnpreserveFree(ulong address)
    {
        if (!_orders.Remove(address, out int order))
        {
            throw new ArgumentException($"No memory was allocated at 0x{address:x}.", nameof(address));
        }

        _handover.UnpreserveFree(address, order);
    }

    /// <summary>Frees memory that the previous kernel preserved (kho_restore_free). Does nothing where none begins.</summary>
    /// <param name="address">What the previous kernel's <see cref="AllocatePreserve"/> returned.</param>
    public void RestoreFree(ulong address) => _handover.RestoreFree(address);

    /// <summary>Reads memory, one's own or preserved by the previous kernel (phys_to_virt).</summary>
    /// <returns>0, or EFAULT past the end of memory, where Linux does not check. Memory that is free reads as garbage (0xaa).</returns>
    public int Read(ulong address, Span<byte> destination) => _handover.Memory.TryRead(address, destination) ? 0 : Refused.EFAULT;

    /// <summary>Writes memory that this kernel allocated.</summary>
    /// <returns>0, or EFAULT where there is no memory in use: Linux does not check.</returns>
    public int Write(ulong address, ReadOnlySpan<byte> source) => _handover.Memory.TryWrite(address, source) ? 0 : Refused.EFAULT;
}
