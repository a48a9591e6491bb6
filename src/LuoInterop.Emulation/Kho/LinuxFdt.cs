using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Reads a flattened device tree in memory, and judges it as Linux does (libfdt in lib/fdt*.c of Linux 7.3.4).</summary>
/// <remarks>
/// Linux takes many a tree that is not sound, and reads nothing twice nor further than it must: what is wrong behind that is
/// never seen. Offsets of nodes and properties count from the structure block, those of bytes from the tree; what is negative
/// is a <c>-FDT_ERR_*</c>. Sums wrap at 32 bits as they do there. Not safe for use from several threads at once.
/// </remarks>
internal sealed partial class LinuxFdt
{
    public const int FDT_ERR_NOTFOUND = 1;
    public const int FDT_ERR_BADOFFSET = 4;
    public const int FDT_ERR_BADSTATE = 7;
    public const int FDT_ERR_TRUNCATED = 8;
    public const int FDT_ERR_BADMAGIC = 9;
    public const int FDT_ERR_BADVERSION = 10;
    public const int FDT_ERR_BADSTRUCTURE = 11;
    public const int FDT_ERR_ALIGNMENT = 19;

    private const uint FDT_SW_MAGIC = ~KhoFdtHeader.FDT_MAGIC;
    private const uint FirstSupportedVersion = 2;
    private const uint LastSupportedVersion = 17;
    private const int TagSize = sizeof(uint);
    private const int PropertySize = 3 * sizeof(uint);

    // Since these versions node names are not paths and values not aligned to 8 bytes; the structure block has a size.
    private const uint PlainNamesVersion = 16;
    private const uint StructSizeVersion = 17;

    // arch/x86/include/asm/fixmap.h.
    private const ulong NR_FIX_BTMAPS = 64;
    private const ulong InPage = PhysicalMemory.PageSize - 1;

    private readonly PhysicalMemory _memory;
    private readonly ulong _address;
    private readonly ulong _mapped;
    private readonly bool _early;
    private readonly byte[] _page = new byte[PhysicalMemory.PageSize];
    private readonly uint?[] _header = new uint?[KhoFdtHeader.Size / sizeof(uint)];
    private ulong _pagePfn = ulong.MaxValue;

    private LinuxFdt(PhysicalMemory memory, ulong address, ulong mapped, bool early)
    {
        _memory = memory;
        _address = address;
        _mapped = mapped;
        _early = early;
    }

    private uint TotalSize => Header(1);

    private uint OffDtStruct => Header(2);

    private uint OffDtStrings => Header(3);

    private uint OffMemRsvmap => Header(4);

    private uint Version => Header(5);

    private uint LastCompVersion => Header(6);

    private uint SizeDtStrings => Header(8);

    private uint SizeDtStruct => Header(9);

    /// <summary>Tells whether some memory can be mapped before memory is set up (early_memremap in mm/early_ioremap.c).</summary>
    public static bool CanMapEarly(ulong address, ulong size) =>
        size != 0 && address + size - 1 >= address
        && PageEnd(address + size) - (address & ~InPage) <= NR_FIX_BTMAPS * PhysicalMemory.PageSize;

    /// <summary>Looks at a tree before memory is set up: no more is mapped than the pages that hold it.</summary>
    /// <remarks>A read behind them throws the panic of an early exception;
    /// one where the machine has no memory finds all bits set.</remarks>
    public static LinuxFdt Early(PhysicalMemory memory, ulong address, ulong size) =>
        new(memory, address, PageEnd(address + size) - address, early: true);

    /// <summary>Looks at a tree where all memory is mapped (phys_to_virt).
    /// A read behind memory's end throws a page fault's panic.</summary>
    public static LinuxFdt Direct(PhysicalMemory memory, ulong address) => new(memory, address, ulong.MaxValue, early: false);

    /// <summary>Checks the header against itself (fdt_check_header): 0 or <c>-FDT_ERR_*</c>.</summary>
    public int CheckHeader()
    {
        if (_address % sizeof(ulong) != 0)
        {
            return -FDT_ERR_ALIGNMENT;
        }

        if (Header(0) != KhoFdtHeader.FDT_MAGIC)
        {
            return -FDT_ERR_BADMAGIC;
        }

        if (Version < FirstSupportedVersion || LastCompVersion > LastSupportedVersion || Version < LastCompVersion)
        {
            return -FDT_ERR_BADVERSION;
        }

        uint size = HeaderSize(Version);
        if (TotalSize < size || TotalSize > int.MaxValue)
        {
            return -FDT_ERR_TRUNCATED;
        }

        if (OffMemRsvmap % sizeof(ulong) != 0 || OffDtStruct % TagSize != 0)
        {
            return -FDT_ERR_ALIGNMENT;
        }

        bool structIsInside = Version < StructSizeVersion ? Holds(OffDtStruct) : Holds(OffDtStruct, SizeDtStruct);
        return Holds(OffMemRsvmap) && structIsInside && Holds(OffDtStrings, SizeDtStrings) ? 0 : -FDT_ERR_TRUNCATED;

        bool Holds(uint offset, uint length = 0) =>
            offset >= size && offset <= TotalSize && offset + length >= offset && offset + length <= TotalSize;
    }

    private static ulong PageEnd(ulong address) => (address + InPage) & ~InPage;

    private static uint HeaderSize(uint version) => version switch { <= 1 => 28, 2 => 32, <= 16 => 36, _ => 40 };

    // fdt_ro_probe_: the total size, or what nearly every reading call checks first. A tree that is being written passes too.
    private int Probe()
    {
        if (_address % sizeof(ulong) != 0)
        {
            return -FDT_ERR_ALIGNMENT;
        }

        switch (Header(0))
        {
            case KhoFdtHeader.FDT_MAGIC when Version < FirstSupportedVersion || LastCompVersion > LastSupportedVersion:
                return -FDT_ERR_BADVERSION;
            case FDT_SW_MAGIC when SizeDtStruct == 0:
                return -FDT_ERR_BADSTATE;
            case KhoFdtHeader.FDT_MAGIC or FDT_SW_MAGIC:
                return TotalSize < int.MaxValue ? (int)TotalSize : -FDT_ERR_TRUNCATED;
            default:
                return -FDT_ERR_BADMAGIC;
        }
    }

    // fdt_offset_ptr: where some bytes of the structure block are; negative where they are not inside of it.
    private long Find(int offset, uint length)
    {
        uint start = (uint)offset + OffDtStruct;
        if (offset < 0 || start < (uint)offset || start + length < start || start + length > TotalSize)
        {
            return -1;
        }

        uint end = (uint)offset + length;
        return Version >= StructSizeVersion && (end < length || end > SizeDtStruct) ? -1 : start;
    }

    // fdt_next_tag: the token at an offset, and where the next one is; FDT_END with a negative offset where it ends too early.
    private uint NextTag(int start, out int next)
    {
        next = -FDT_ERR_TRUNCATED;
        long at = Find(start, TagSize);
        if (at < 0)
        {
            return KhoFdt.FDT_END;
        }

        next = -FDT_ERR_BADSTRUCTURE;
        uint tag = Word(at);
        int offset = start + TagSize;
        switch (tag)
        {
            case KhoFdt.FDT_BEGIN_NODE:
                do
                {
                    at = Find(offset++, 1);
                }
                while (at >= 0 && At(at) != 0);
                break;
            case KhoFdt.FDT_PROP:
                at = Find(offset, sizeof(uint));
                if (at >= 0 && !SkipProperty(Word(at), ref offset))
                {
                    return KhoFdt.FDT_END;
                }

                break;
            case KhoFdt.FDT_END or KhoFdt.FDT_END_NODE or KhoFdt.FDT_NOP:
                break;
            default:
                return KhoFdt.FDT_END;
        }

        if (at < 0 || Find(start, (uint)(offset - start)) < 0)
        {
            return KhoFdt.FDT_END;
        }

        next = (offset + TagSize - 1) & ~(TagSize - 1);
        return tag;
    }

    private bool SkipProperty(uint length, ref int offset)
    {
        uint sum = length + (uint)offset;
        if (sum >= int.MaxValue || sum < (uint)offset)
        {
            return false;
        }

        offset = (int)(sum + PropertySize - TagSize);
        if (Version < PlainNamesVersion && length >= 8 && ((uint)offset - length) % 8 != 0)
        {
            offset += TagSize;
        }

        return true;
    }

    private uint Header(int index) => _header[index] ??= Word(index * sizeof(uint));

    private uint Word(long offset) =>
        ((uint)At(offset) << 24) | ((uint)At(offset + 1) << 16) | ((uint)At(offset + 2) << 8) | At(offset + 3);

    private byte At(long offset)
    {
        ulong address = _address + (ulong)offset;
        ulong pfn = address >> PhysicalMemory.PageShift;
        if ((ulong)offset >= _mapped)
        {
            throw Fault(address);
        }

        if (pfn != _pagePfn)
        {
            if (!_memory.TryRead(pfn << PhysicalMemory.PageShift, _page))
            {
                if (!_early)
                {
                    throw Fault(address);
                }

                _page.AsSpan().Fill(0xff);
            }

            _pagePfn = pfn;
        }

        return _page[address % PhysicalMemory.PageSize];
    }

    private EmulatedKernelPanicException Fault(ulong address) => _early
        ? new EmulatedKernelPanicException($"PANIC: early exception 0x0e. Nothing is mapped at 0x{address:x}.")
        : EmulatedKernelPanicException.PageFault(address);
}
