using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kho;

/// <summary>Stands for page frames whose bytes are the pages of a host file: memory that is handed over without a copy.</summary>
/// <remarks>Frame <c>FirstPfn + i</c> is page <c>FilePage + i</c> of the file. Owns its reference to the file.</remarks>
internal sealed class FolioRange(ulong firstPfn, ulong pageCount, HostFile file, ulong filePage = 0, int? order = null) : IDisposable
{
    // Order + 1 of the preserved piece that begins at a frame, 0 for none: page->private of kho_preserved_memory_reserve.
    private byte[]? _preserved;
    private ulong _marked;

    // A byte beside Users: there is a range for each preserved file.
    private readonly sbyte _order = (sbyte)(order ?? -1);

    // What faults did to pages on the way to this kernel; null for no damage.
    private Dictionary<ulong, FolioDamage>? _damage;

    public ulong FirstPfn { get; } = firstPfn;

    public ulong PageCount { get; } = pageCount;

    public HostFile File { get; } = file;

    /// <summary>Gets the page of the file that the first frame is.</summary>
    public ulong FilePage { get; } = filePage;

    /// <summary>Gets the largest order of the folios; null for the machine's.</summary>
    public int? Order => _order < 0 ? null : _order;

    /// <summary>Gets or sets how many preserved files of this kernel list the folios, where more than one can.</summary>
    public int Users { get; set; } = 1;

    /// <summary>Gets whether any piece was marked, and not restored since.</summary>
    public bool IsPreserved => _marked != 0;

    /// <summary>Gets whether any page is not what the previous kernel left.</summary>
    public bool IsDamaged => _damage is not null;

    /// <summary>Damages a page. The host file keeps its bytes: the dead kernel's program may still map it.</summary>
    public void Damage(ulong page, FolioDamage damage) => (_damage ??= [])[page] = damage;

    /// <summary>Gets what happened to a page, or null.</summary>
    public FolioDamage? DamageOf(ulong page) => _damage?.TryGetValue(page, out FolioDamage damage) == true ? damage : null;

    /// <summary>Tells whether frames lie in the range.</summary>
    public bool Contains(ulong pfn, ulong count) => pfn >= FirstPfn && count <= PageCount && pfn - FirstPfn <= PageCount - count;

    /// <summary>Marks a piece that the previous kernel preserved.</summary>
    public void Mark(ulong pfn, int order)
    {
        ref byte mark = ref (_preserved ??= new byte[PageCount])[pfn - FirstPfn];
        _marked += mark == 0 ? 1UL : 0;
        mark = (byte)(order + 1);
    }

    /// <summary>Forgets all marks: a kernel's page structures begin empty.</summary>
    public void ClearMarks()
    {
        _preserved = null;
        _marked = 0;
    }

    /// <summary>Gets the order of the preserved piece that begins at a frame, or -1.</summary>
    public int OrderAt(ulong pfn) => Contains(pfn, 1) && _preserved is { } marks ? marks[pfn - FirstPfn] - 1 : -1;

    /// <summary>Takes a piece out of preservation.</summary>
    /// <returns>Its order, or -1 when no preserved piece begins here.</returns>
    public int Restore(ulong pfn)
    {
        if (_preserved is null)
        {
            return -1;
        }

        int first = (int)(pfn - FirstPfn);
        int order = _preserved[first] - 1;
        if (order >= 0)
        {
            // prep_compound_page clears page->private of the pages behind the first.
            Span<byte> folio = _preserved.AsSpan(first, 1 << order);
            _marked -= (ulong)(folio.Length - folio.Count((byte)0));
            folio.Clear();
        }

        return order;
    }

    /// <summary>Reads inside one page; the last page is read to its own end, a page past the end of the file is zero.</summary>
    public unsafe bool TryRead(ulong pfn, int offset, Span<byte> destination)
    {
        if (DamageOf(pfn - FirstPfn) is not null)
        {
            destination.Fill(PhysicalMemory.Poison);
            return true;
        }

        long position = ((long)(FilePage + pfn - FirstPfn) << PhysicalMemory.PageShift) + offset;

        // SAFETY: pinned for the call, which writes no more than the span's length.
        fixed (byte* pointer = destination)
        {
            long done = LibC.pread(File.Fd, pointer, destination.Length, position);
            if (done < 0)
            {
                return false;
            }

            Span<byte> rest = destination[(int)done..];
            return rest.IsEmpty || LastPage.Read(File.Fd, FilePage + pfn - FirstPfn, offset + (int)done, rest) == 0;
        }
    }

    public void Dispose() => File.Dispose();
}
