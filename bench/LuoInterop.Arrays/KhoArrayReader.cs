using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Arrays;

/// <summary>Reads the entries of a <see cref="KhoArray"/> that are no holes, from the lowest position to the highest.</summary>
/// <remarks>
/// Stricter than the posted reader, which checks magic and version only: positions rise from page to page, so that a chain that
/// returns is found out without a record of the pages. One page is held at a time; reading allocates nothing.
/// Not safe for use from several threads at once.
/// </remarks>
public sealed class KhoArrayReader
{
    /// <summary>The most pages that are read; 4 GiB of them, those of a dense file of 2 TiB.</summary>
    public const int MaxPages = 1 << 20;

    private readonly IPhysicalMemory _memory;
    private readonly ulong _first;
    private readonly byte[] _page = new byte[KhoArrayPage.PageSize];
    private ulong _next;
    private ulong _start;
    private int _slot = KhoArrayPage.KA_PAGE_NR_ENTRIES;
    private int _pages;

    /// <param name="memory">The memory that the addresses point into.</param>
    /// <param name="array">The descriptor.</param>
    /// <exception cref="KhoFormatException">
    /// <see cref="KhoFormatError.BadMagic"/> or <see cref="KhoFormatError.UnsupportedVersion"/>, both EOPNOTSUPP in the posting.
    /// </exception>
    public KhoArrayReader(IPhysicalMemory memory, KhoArray array)
    {
        if (array.Magic != KhoArray.KHO_ARRAY_MAGIC)
        {
            throw new KhoFormatException(
                KhoFormatError.BadMagic, $"The array begins with 0x{array.Magic:x}, not with 0x{KhoArray.KHO_ARRAY_MAGIC:x}.",
                Errno.EOPNOTSUPP);
        }

        if (array.Version != KhoArray.KHO_ARRAY_VERSION)
        {
            throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion,
                $"The array has version {array.Version}; {KhoArray.KHO_ARRAY_VERSION} is known here.",
                Errno.EOPNOTSUPP);
        }

        _memory = memory;
        _first = _next = array.First;
    }

    /// <summary>Gives the next entry that is no hole.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>False after the last one.</returns>
    /// <exception cref="KhoFormatException">
    /// <see cref="KhoFormatError.Unreadable"/>, <see cref="KhoFormatError.Cycle"/>, <see cref="KhoFormatError.BadPosition"/>,
    /// <see cref="KhoFormatError.BadEntry"/>, <see cref="KhoFormatError.BadLayout"/> or <see cref="KhoFormatError.TooLarge"/>.
    /// </exception>
    public bool TryRead(out ulong position, out KhoArrayEntry entry)
    {
        while (true)
        {
            int ahead = Entries[(_slot * sizeof(ulong))..].IndexOfAnyExcept((byte)0);
            if (ahead >= 0)
            {
                _slot += ahead / sizeof(ulong);
                (position, entry) = Current();
                _slot++;
                return true;
            }

            if (_next == 0)
            {
                _slot = KhoArrayPage.KA_PAGE_NR_ENTRIES;
                (position, entry) = (0, default);
                return false;
            }

            ReadPage(_next);
        }
    }

    private ReadOnlySpan<byte> Entries => _page.AsSpan(KhoArrayPage.Size);

    private (ulong Position, KhoArrayEntry Entry) Current()
    {
        var entry = new KhoArrayEntry(BinaryPrimitives.ReadUInt64LittleEndian(Entries[(_slot * sizeof(ulong))..]));
        if ((ulong)_slot > ulong.MaxValue - _start)
        {
            throw new KhoFormatException(
                KhoFormatError.BadPosition, $"Entry {_slot} of the page that begins at position {_start} is past the last position.");
        }

        return entry.IsValue || entry.IsPointer
            ? (_start + (ulong)_slot, entry)
            : throw new KhoFormatException(
                KhoFormatError.BadEntry, $"The entry 0x{entry.Word:x} at position {_start + (ulong)_slot} is no integer, and no "
                    + "aligned pointer.");
    }

    private void ReadPage(ulong address)
    {
        if (_pages == MaxPages)
        {
            throw new KhoFormatException(KhoFormatError.TooLarge, $"The array has more than {MaxPages} pages.");
        }

        if (address % KhoArrayPage.PageSize != 0)
        {
            throw new KhoFormatException(KhoFormatError.BadLayout, $"The array's page at 0x{address:x} does not begin a page of memory.");
        }

        if (!_memory.TryRead(address, _page))
        {
            throw KhoFormatException.Unreadable(address, "page of the array");
        }

        KhoArrayPage head = KhoArrayPage.Read(_page);
        if (_pages > 0 && (head.StartPos < _start || head.StartPos - _start < KhoArrayPage.KA_PAGE_NR_ENTRIES))
        {
            throw IsVisited(address)
                ? new KhoFormatException(KhoFormatError.Cycle, $"The array's page at 0x{address:x} is linked twice.")
                : new KhoFormatException(
                    KhoFormatError.BadPosition,
                    $"The page at 0x{address:x} begins at position {head.StartPos}; the page before it began at {_start}.");
        }

        _pages++;
        _start = head.StartPos;
        _next = head.Next;
        _slot = 0;
    }

    // Tells a circle from a wrong position; only a broken array pays for it.
    private bool IsVisited(ulong address)
    {
        Span<byte> head = stackalloc byte[KhoArrayPage.Size];
        ulong page = _first;
        for (int i = 0; i < _pages; i++)
        {
            if (page == address)
            {
                return true;
            }

            if (!_memory.TryRead(page, head))
            {
                throw KhoFormatException.Unreadable(page, "page of the array");
            }

            page = KhoArrayPage.Read(head).Next;
        }

        return false;
    }
}
