using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages.Bytes;
using LuoInterop.MemoryImages.Formats;

namespace LuoInterop.MemoryImages;

/// <summary>Reads an image of a machine's physical memory by physical address: raw, ELF64 core, kdump-compressed, or either
/// of these flattened.</summary>
/// <remarks>
/// Nothing is read but headers and bitmaps until it is asked for; a sparse file's holes are never. The bytes are not trusted.
/// Owns the file. Not safe for use from several threads at once.
/// </remarks>
public sealed class MemoryImage : IPhysicalMemory, IDisposable
{
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 4096;

    private const int PagesHeld = 1024;

    private readonly ImageReader _reader;
    private readonly ulong[] _heldAddresses = new ulong[PagesHeld];
    private readonly byte[]?[] _held = new byte[]?[PagesHeld];
    private readonly bool _isWhole;

    private MemoryImage(ByteSource source)
    {
        _reader = KnownFormats.Open(source, out bool isFlattened, out _isWhole);
        IsFlattened = isFlattened;
    }

    /// <summary>Gets the format.</summary>
    public MemoryImageFormat Format => _reader.Format;

    /// <summary>Gets whether the file is flattened: written through a pipe, piece by piece.</summary>
    public bool IsFlattened { get; }

    /// <summary>Gets a few words on the format: version, compression, pages.</summary>
    public string Details => _reader.Details;

    /// <summary>Gets whether the image was written to its end and is not cut off.</summary>
    public bool IsComplete => _reader.IsComplete && _isWhole;

    /// <summary>Gets the machine's memory as far as the format tells, by address, ranges apart from each other.</summary>
    public IReadOnlyList<MemoryRange> Ranges => _reader.Ranges;

    /// <summary>Gets the address behind the last byte of memory.</summary>
    public ulong End => Ranges.Count == 0 ? 0 : Ranges[^1].End;

    /// <summary>Gets what the dump was told to leave out (<c>-d</c> of makedumpfile: 1 zero pages, 2 and 4 page cache, 8 user memory,
    /// 16 free pages); null where the format does not tell.</summary>
    public int? DumpLevel => _reader.DumpLevel;

    /// <summary>Gets what the kernel tells readers of its memory; null where the image has no such note.</summary>
    public VmCoreInfo? VmCoreInfo => _reader.VmCoreInfo;

    /// <summary>Gets the release of the kernel that ran, by the image's own headers; null where they do not tell.</summary>
    public string? Release => VmCoreInfo?.Release ?? _reader.HeaderRelease;

    /// <summary>Opens an image.</summary>
    /// <exception cref="MemoryImageException">The file is no image, or of a format that is not read: the message names it.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static MemoryImage Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new MemoryImage(new FileSource(path));
    }

    /// <summary>Opens an image in a stream that can seek.</summary>
    /// <param name="stream">The stream; read from its beginning, whatever its position.</param>
    /// <param name="leaveOpen">Whether the stream stays the caller's.</param>
    /// <exception cref="MemoryImageException">The stream is no image, or of a format that is not read: the message names it.</exception>
    public static MemoryImage Open(Stream stream, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.CanSeek
            ? new MemoryImage(new StreamSource(stream, leaveOpen))
            : throw new ArgumentException("A stream that cannot seek cannot be read by address; copy it to a file.", nameof(stream));
    }

    /// <inheritdoc/>
    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        ulong page = physicalAddress & ~(PageSize - 1UL);
        int within = (int)(physicalAddress - page);
        if (within + destination.Length > PageSize || destination.Length == PageSize)
        {
            return (ulong)destination.Length <= End && physicalAddress <= End - (ulong)destination.Length
                && _reader.TryRead(physicalAddress, destination);
        }

        int slot = (int)(page / PageSize % PagesHeld);
        byte[]? held = _held[slot];
        if (held is null || _heldAddresses[slot] != page)
        {
            if (page >= End)
            {
                return false;
            }

            held ??= new byte[PageSize];
            _held[slot] = null;
            if (!_reader.TryRead(page, held))
            {
                // The last page of a file that ends within it, or one of which a segment has a part.
                return physicalAddress <= End && (ulong)destination.Length <= End - physicalAddress
                    && _reader.TryRead(physicalAddress, destination);
            }

            _held[slot] = held;
            _heldAddresses[slot] = page;
        }

        held.AsSpan(within, destination.Length).CopyTo(destination);
        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Always false: an image is never changed.</remarks>
    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source) => false;

    /// <summary>Says what the image has of the page that an address lies in; a packed page is unpacked for it.</summary>
    public PageState GetState(ulong physicalAddress)
    {
        ulong page = physicalAddress & ~(PageSize - 1UL);
        PageState state = _reader.StateOf(page, out _);
        Span<byte> bytes = stackalloc byte[PageSize];
        return state != PageState.Present || _reader.TryRead(page, bytes[..(int)Math.Min(PageSize, End - page)]) 
            ? state : _reader.StateOfUnreadable(page);
    }

    /// <summary>Counts what the image has of pages in a row, without reading them: a damaged page counts as present.</summary>
    /// <param name="physicalAddress">The first page's address.</param>
    /// <param name="pages">How many pages.</param>
    public PageCounts Count(ulong physicalAddress, ulong pages)
    {
        var counts = default(PageCounts);
        ulong page = physicalAddress & ~(PageSize - 1UL);
        ulong end = pages > (ulong.MaxValue - page) / PageSize ? ulong.MaxValue : page + (pages * PageSize);

        while (page < end)
        {
            PageState state = _reader.StateOf(page, out ulong next);
            next = Math.Min(next, end);
            counts = counts.With(state, (next - page) / PageSize);
            page = next;
        }

        // Pages at the end of all addresses.
        return counts.With(PageState.Absent, pages - counts.Total);
    }

    /// <summary>Finds the first range at or behind an address whose bytes the image has, and that may be other than zeros.</summary>
    /// <returns>False where there is none.</returns>
    public bool TryFindData(ulong physicalAddress, out MemoryRange range)
    {
        bool found = _reader.TryFindData(physicalAddress, out ulong start, out ulong end);
        range = new MemoryRange(start, found ? end - start : 0);
        return found;
    }

    /// <summary>Says in a sentence why bytes cannot be read, for people.</summary>
    public string Explain(ulong physicalAddress) => GetState(physicalAddress) switch
    {
        PageState.Excluded when DumpLevel is { } level and not 0 => $"excluded by the dump's filter (level {level})",
        PageState.Excluded => "not in the dump (left out when it was written)",
        PageState.Missing => "missing: the dump is not complete",
        PageState.Damaged => "damaged: the page cannot be unpacked",
        PageState.Absent => "no memory of the machine",
        _ => "in the image",
    };

    /// <summary>Closes the file.</summary>
    public void Dispose() => _reader.Dispose();
}
