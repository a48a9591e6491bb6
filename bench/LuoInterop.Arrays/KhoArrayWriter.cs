using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Arrays;

/// <summary>Builds a <see cref="KhoArray"/> from the lowest position to the highest, as the posted iterator does.</summary>
/// <remarks>
/// Each page is written when the next one begins, the last one by <see cref="Complete"/>. Pages are not marked as preserved.
/// Not safe for use from several threads at once.
/// </remarks>
/// <param name="memory">The memory to write into.</param>
/// <param name="allocatePage">Gives the address of a new page, or 0 when memory is short.</param>
public sealed class KhoArrayWriter(IPhysicalMemory memory, Func<ulong> allocatePage)
{
    private readonly byte[] _page = new byte[KhoArrayPage.PageSize];
    private readonly List<ulong> _pages = [];
    private ulong _start;
    private ulong _position;

    /// <summary>Gets the addresses of the pages so far, in the array's order; they belong to who allocates them.</summary>
    public IReadOnlyList<ulong> Pages => _pages;

    /// <summary>Sets the entry at a position that no other one has passed; once more at the same position replaces it.</summary>
    /// <returns><see cref="Errno.None"/>; EINVAL for a position below the last one; ENOMEM. Both leave the array as it was.</returns>
    public Errno Add(ulong position, KhoArrayEntry entry)
    {
        if (!entry.IsValue && !entry.IsPointer)
        {
            throw new ArgumentException($"0x{entry.Word:x} is no entry.", nameof(entry));
        }

        if (position < _position)
        {
            return Errno.EINVAL;
        }

        if (_pages.Count == 0 || position - _start >= KhoArrayPage.KA_PAGE_NR_ENTRIES)
        {
            ulong page = allocatePage();
            if (page == 0)
            {
                return Errno.ENOMEM;
            }

            WritePage(next: page);
            Array.Clear(_page);
            _pages.Add(page);
            _start = position - (position % KhoArrayPage.KA_PAGE_NR_ENTRIES);
        }

        _position = position;
        int slot = (int)(position - _start);
        BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan(KhoArrayPage.Size + (slot * sizeof(ulong))), entry.Word);
        return Errno.None;
    }

    /// <summary>Writes the last page.</summary>
    /// <returns>The descriptor, with no page when nothing was added.</returns>
    public KhoArray Complete()
    {
        WritePage(next: 0);
        return KhoArray.Of(_pages.Count > 0 ? _pages[0] : 0);
    }

    private void WritePage(ulong next)
    {
        if (_pages.Count == 0)
        {
            return;
        }

        new KhoArrayPage(next, _start).Write(_page);
        if (!memory.TryWrite(_pages[^1], _page))
        {
            throw KhoFormatException.Unreadable(_pages[^1], "page of the array");
        }
    }
}
