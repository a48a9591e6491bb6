using System.Buffers.Binary;
using LuoInterop.MemoryImages.Bytes;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Reads single pages that a dump has kept, packed or not (makedumpfile, QEMU).</summary>
/// <remarks>
/// The first bitmap has the frames that are memory, the second those that were written; a descriptor for each of these follows.
/// </remarks>
internal sealed class KdumpImage : ImageReader
{
    private const int DescriptorSize = 24;
    private const int DescriptorsHeld = 256;
    private const ulong MostLastPages = 1 << 20;
    private const int Methods =
        KdumpHeader.DUMP_DH_COMPRESSED_ZLIB | KdumpHeader.DUMP_DH_COMPRESSED_LZO | KdumpHeader.DUMP_DH_COMPRESSED_SNAPPY
        | KdumpHeader.DUMP_DH_COMPRESSED_ZSTD;

    private readonly KdumpHeader _header;
    private readonly PageBitmap _memory;
    private readonly PageBitmap _dumped;
    private readonly long _descriptors;
    private readonly PageUnpacker _unpacker = new();
    private readonly byte[] _packed;
    private readonly byte[] _block;
    private readonly byte[] _held = new byte[DescriptorSize * DescriptorsHeld];
    private long _heldStart = -1;
    private ulong _blockPfn = ulong.MaxValue;
    private long _zeroOffset = -1;

    private KdumpImage(ByteSource source, KdumpHeader header)
        : base(source)
    {
        _header = header;
        _packed = new byte[header.BlockSize];
        _block = new byte[header.BlockSize];
        long half = header.BitmapBytes / 2;
        bool hasBoth = (ulong)half * 8 >= header.MaxMapNr;
        if (!hasBoth && (ulong)header.BitmapBytes * 8 < header.MaxMapNr)
        {
            throw new MemoryImageException(
                MemoryImageError.Malformed,
                $"The kdump header's bitmap has {header.BitmapBytes} bytes, too few for {header.MaxMapNr} frames.");
        }

        if (header.MaxMapNr / 8 > (ulong)source.Stored)
        {
            throw new MemoryImageException(MemoryImageError.Truncated, "The file ends within its bitmap of pages.");
        }

        _memory = new PageBitmap(source, header.BitmapOffset, header.MaxMapNr);
        _dumped = hasBoth ? new PageBitmap(source, header.BitmapOffset + half, header.MaxMapNr) : _memory;
        _descriptors = header.BitmapOffset + header.BitmapBytes;
        IsComplete = (header.Status & KdumpHeader.DUMP_DH_COMPRESSED_INCOMPLETE) == 0
            && _dumped.Count <= (ulong)Math.Max(0, source.Length - _descriptors) / DescriptorSize
            && HasLastPages();
    }

    public override MemoryImageFormat Format => MemoryImageFormat.KdumpCompressed;

    public override string Details
    {
        get
        {
            string method = (_header.Status & Methods) switch
            {
                KdumpHeader.DUMP_DH_COMPRESSED_ZLIB => "zlib",
                KdumpHeader.DUMP_DH_COMPRESSED_LZO => "lzo",
                KdumpHeader.DUMP_DH_COMPRESSED_SNAPPY => "snappy",
                KdumpHeader.DUMP_DH_COMPRESSED_ZSTD => "zstd",
                0 => "not packed",
                _ => "several methods",
            };
            return $"version {_header.Version}, {method}, {_dumped.Count} of {_memory.Count} pages";
        }
    }

    public override IReadOnlyList<MemoryRange> Ranges => [new MemoryRange(0, _header.MaxMapNr * (ulong)_header.BlockSize)];

    public override VmCoreInfo? VmCoreInfo => _header.VmCoreInfo;

    public override string? HeaderRelease => _header.Release.Length > 0 ? _header.Release : null;

    public override int? DumpLevel => _header.DumpLevel;

    public override bool IsComplete { get; }

    /// <summary>Reads headers and bitmaps; the source is owned from then on.</summary>
    /// <exception cref="MemoryImageException">They are cut off, not sound, or of a kind that is not read.</exception>
    public static KdumpImage Open(ByteSource source) => new(source, KdumpHeader.Read(source));

    public override PageState StateOf(ulong page, out ulong end)
    {
        ulong size = (ulong)_header.BlockSize;
        ulong pfn = page / size;
        if (pfn >= _header.MaxMapNr)
        {
            end = ulong.MaxValue;
            return PageState.Absent;
        }

        bool isDumped = _dumped[pfn];
        bool isMemory = _memory[pfn];
        ulong next = _dumped.Next(pfn, !isDumped);
        next = Math.Min(Math.Min(next, isDumped ? next : _memory.Next(pfn, !isMemory)), _header.MaxMapNr);
        PageState state = isDumped ? PageState.Present : isMemory ? PageState.Excluded : PageState.Absent;
        if (isDumped && !IsComplete)
        {
            next = pfn + 1;
            state = TryDescribe(pfn, out _) ? PageState.Present : PageState.Missing;
        }

        end = next * size;
        return state;
    }

    public override PageState StateOfUnreadable(ulong page) =>
        TryDescribe(page / (ulong)_header.BlockSize, out _) ? PageState.Damaged : PageState.Missing;

    public override bool TryRead(ulong address, Span<byte> destination)
    {
        ulong size = (ulong)_header.BlockSize;
        while (destination.Length > 0)
        {
            ulong pfn = address / size;
            int within = (int)(address % size);
            int length = Math.Min(destination.Length, (int)size - within);
            if (length == (int)size)
            {
                if (!TryReadPage(pfn, destination[..length]))
                {
                    return false;
                }
            }
            else
            {
                if (_blockPfn != pfn && !TryReadPage(pfn, _block))
                {
                    return false;
                }

                _blockPfn = pfn;
                _block.AsSpan(within, length).CopyTo(destination);
            }

            destination = destination[length..];
            address += (ulong)length;
        }

        return true;
    }

    public override bool TryFindData(ulong address, out ulong start, out ulong end)
    {
        ulong size = (ulong)_header.BlockSize;
        ulong first = _dumped.Next(address / size, isSet: true);
        if (first == ulong.MaxValue)
        {
            (start, end) = (0, 0);
            return false;
        }

        start = Math.Max(address, first * size);
        end = Math.Min(_dumped.Next(first, isSet: false), _header.MaxMapNr) * size;
        return true;
    }

    public override void Dispose()
    {
        _unpacker.Dispose();
        base.Dispose();
    }

    private bool TryReadPage(ulong pfn, Span<byte> page)
    {
        // The block that is held may be the room for this page, and is then another one from here on.
        _blockPfn = ulong.MaxValue;
        if (!_dumped[pfn] || !TryDescribe(pfn, out Descriptor descriptor))
        {
            return false;
        }

        if (descriptor.Offset == _zeroOffset)
        {
            page.Clear();
            return true;
        }

        if (descriptor.Size == 0 || descriptor.Size > (uint)_packed.Length
            || !Source.TryRead(descriptor.Offset, _packed.AsSpan(0, (int)descriptor.Size))
            || !_unpacker.TryUnpack(_packed, (int)descriptor.Size, (int)(descriptor.Flags & Methods), page))
        {
            return false;
        }

        // All zero pages of a dump are one, so that it is unpacked once.
        if (!page.ContainsAnyExcept((byte)0))
        {
            _zeroOffset = descriptor.Offset;
        }

        return true;
    }

    // A dump that ran out of space has no offset for what it could not write.
    private bool TryDescribe(ulong pfn, out Descriptor descriptor) => TryDescribe((long)_dumped.Rank(pfn), out descriptor);

    private bool TryDescribe(long index, out Descriptor descriptor)
    {
        long at = _descriptors + (index * DescriptorSize);
        descriptor = default;
        if (_heldStart < 0 || at < _heldStart || at > _heldStart + _held.Length - DescriptorSize)
        {
            _heldStart = -1;

            // Those around it, for a walk in either direction.
            at = Math.Max(_descriptors, at - (DescriptorsHeld / 2 * DescriptorSize));
            int there = (int)Math.Clamp(Source.Length - at, 0, _held.Length);
            if (there < DescriptorSize || !Source.TryRead(at, _held.AsSpan(0, there)))
            {
                return false;
            }

            _held.AsSpan(there).Clear();
            _heldStart = at;
            at = _descriptors + (index * DescriptorSize);
        }

        descriptor = Descriptor.Read(_held.AsSpan((int)(at - _heldStart), DescriptorSize));
        return IsThere(descriptor);
    }

    private bool IsThere(Descriptor descriptor) =>
        descriptor.Offset > 0 && descriptor.Size <= Source.Length && descriptor.Offset <= Source.Length - descriptor.Size;

    // Pages are written in their order: a file that is cut off lacks the last ones. Memory that ends in zeros ends in one page.
    private bool HasLastPages()
    {
        long zero = -1;
        for (ulong left = Math.Min(_dumped.Count, MostLastPages); left > 0; left--)
        {
            ulong index = _dumped.Count - (Math.Min(_dumped.Count, MostLastPages) - left) - 1;
            if (!TryDescribe((long)index, out Descriptor descriptor))
            {
                return false;
            }

            if (zero >= 0 && descriptor.Offset != zero)
            {
                return true;
            }

            zero = descriptor.Offset;
        }

        return true;
    }

    private readonly record struct Descriptor(long Offset, uint Size, uint Flags)
    {
        public static Descriptor Read(ReadOnlySpan<byte> bytes) => new(
            BinaryPrimitives.ReadInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
    }
}
