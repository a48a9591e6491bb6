using LuoInterop;

namespace MiniVmm.Memory;

/// <summary>Holds the RAM of a guest in memfds: up to 3 GiB from address 0 on, the rest from 4 GiB on.</summary>
/// <remarks>Between the two are the local APICs, the IOAPIC and what KVM needs for itself. Spans end with <see cref="Dispose"/>.</remarks>
internal sealed class GuestRam : IDisposable
{
    /// <summary>The name of the memfd from address 0 on.</summary>
    public const string LowName = "ram-low";

    /// <summary>The name of the memfd from 4 GiB on.</summary>
    public const string HighName = "ram-high";

    /// <summary>The most bytes of RAM below 4 GiB.</summary>
    public const long MaxLow = 3L << 30;

    /// <summary>Where RAM goes on above the hole.</summary>
    public const ulong HighAddress = 4UL << 30;

    private const long Page = 4096;

    private readonly GuestRamRange[] _ranges;

    private GuestRam(GuestRamRange[] ranges) => _ranges = ranges;

    /// <summary>Gets the ranges, lowest first.</summary>
    public IReadOnlyList<GuestRamRange> Ranges => _ranges;

    /// <summary>Gets the range from address 0 on.</summary>
    public GuestRamRange Low => _ranges[0];

    /// <summary>Gets the RAM's size in bytes.</summary>
    public long Size => _ranges.Sum(static range => range.Length);

    /// <summary>Allocates all of a guest's RAM, zeroed: in folios of 2 MiB where the kernel has them for memfds, else of 4 KiB.</summary>
    /// <param name="kernel">The kernel to hold it.</param>
    /// <param name="size">The size in bytes, a multiple of 4096.</param>
    /// <param name="hugePages">Whether to ask for folios of 2 MiB; they are given where
    /// <c>/sys/kernel/mm/transparent_hugepage/shmem_enabled</c> lets them be.</param>
    /// <exception cref="KernelException">ENOMEM, EFAULT: not enough memory. Nothing stays allocated.</exception>
    public static GuestRam Create(Kernel kernel, long size, bool hugePages = true)
    {
        (long low, long high) = Layout(size);
        List<GuestRamRange> ranges = [];
        try
        {
            ranges.Add(Allocate(kernel, LowName, 0, low, hugePages));
            if (high > 0)
            {
                ranges.Add(Allocate(kernel, HighName, HighAddress, high, hugePages));
            }

            return new GuestRam([.. ranges]);
        }
        catch
        {
            ranges.ForEach(Release);
            throw;
        }
    }

    /// <summary>Takes RAM that another process or the kernel before this one has filled.</summary>
    /// <param name="low">The memfd that was <see cref="LowName"/>.</param>
    /// <param name="high">The memfd that was <see cref="HighName"/>, or null where there was none.</param>
    /// <remarks>The files belong to the result. Where this throws they stay the caller's: the memory can be claimed again.</remarks>
    /// <exception cref="ArgumentException">The sizes are not those of a guest's RAM.</exception>
    /// <exception cref="KernelException">ENOMEM: the process has as many mappings as it may.</exception>
    public static GuestRam FromFiles(Memfd low, Memfd? high)
    {
        ArgumentNullException.ThrowIfNull(low);
        long lowSize = low.Size;
        long highSize = high?.Size ?? 0;
        if (lowSize <= 0 || (high is not null && highSize <= 0) || lowSize > MaxLow || Layout(lowSize + highSize) != (lowSize, highSize))
        {
            throw new ArgumentException($"Files of {lowSize} and {highSize} bytes are not the RAM of a guest.");
        }

        MemfdMapping mapping = low.Map();
        try
        {
            GuestRamRange first = new(LowName, 0, low, mapping);
            return new GuestRam(high is null ? [first] : [first, new GuestRamRange(HighName, HighAddress, high, high.Map())]);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    /// <summary>Says how many bytes of a size are below and above the hole.</summary>
    public static (long Low, long High) Layout(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (size % Page != 0)
        {
            throw new ArgumentException($"Guest RAM is whole pages of {Page} bytes; {size} bytes are not.", nameof(size));
        }

        return (Math.Min(size, MaxLow), Math.Max(size - MaxLow, 0));
    }

    /// <summary>Gets a window of guest RAM.</summary>
    /// <param name="guestAddress">Where it starts, a guest physical address.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <exception cref="GuestAddressException">No RAM is there, or it lies in two ranges.</exception>
    public Span<byte> At(ulong guestAddress, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        foreach (GuestRamRange range in _ranges)
        {
            if (guestAddress >= range.GuestAddress && guestAddress < range.End)
            {
                return (ulong)length <= range.End - guestAddress
                    ? range.Mapping.GetSpan((long)(guestAddress - range.GuestAddress), length)
                    : throw new GuestAddressException(guestAddress, length, $"{range.Name} ends at 0x{range.End:x}");
            }
        }

        throw new GuestAddressException(guestAddress, length, "no RAM is there");
    }

    /// <summary>Counts the bytes that this process has mapped in huge pages: those of folios of 2 MiB that have been touched.</summary>
    /// <remarks>The kernel walks all of the memory for it. <c>ShmemPmdMapped</c> of <c>/proc/self/smaps</c> says it.</remarks>
    public long CountHugePageBytes() => HugePages.CountBytes(_ranges, File.ReadLines("/proc/self/smaps"));

    /// <summary>Unmaps the RAM and closes its files; what a session preserves stays.</summary>
    public void Dispose() => Array.ForEach(_ranges, Release);

    private static GuestRamRange Allocate(Kernel kernel, string name, ulong address, long size, bool hugePages)
    {
        Memfd file = Memfd.Create(kernel, name, size);
        MemfdMapping? mapping = null;
        try
        {
            mapping = file.Map();
            if (hugePages)
            {
                AskForHugePages(mapping);
            }

            mapping.Populate();
            return new GuestRamRange(name, address, file, mapping);
        }
        catch
        {
            mapping?.Dispose();
            file.Dispose();
            throw;
        }
    }

    private static void AskForHugePages(MemfdMapping mapping)
    {
        try
        {
            mapping.AdviseHugePages();
        }
        catch (KernelException error) when (error.Errno == Errno.EINVAL)
        {
            // A kernel without transparent huge pages: folios are of 4 KiB.
        }
    }

    private static void Release(GuestRamRange range)
    {
        range.Mapping.Dispose();
        range.File.Dispose();
    }
}
