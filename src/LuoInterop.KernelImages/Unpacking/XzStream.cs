using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using LuoInterop.KernelImages.Containers;
using SharpCompress.Compressors.LZMA;

namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Unpacks the blocks of an xz file: LZMA2, with the filter for x86 branches or without.</summary>
/// <remarks>
/// SharpCompress unpacks LZMA2. Its reader of the container makes windows of any size that the bytes ask for, and its filter goes wrong
/// where a read ends. The checksum CRC32 is held, which is the one that kernels have; others are passed over.
/// Source: the .xz file format 1.2.1 (tukaani.org/xz/xz-file-format.txt), 2.1 and 3.
/// </remarks>
internal sealed class XzStream : BlockStream
{
    private const int HeaderSize = 12;
    private const int PieceSize = 64 << 10;
    private const byte Crc32Check = 1;

    private readonly long _mostWindow;
    private readonly byte _check;
    private readonly byte[] _piece = new byte[PieceSize];
    private readonly Crc32 _sum = new();
    private long _start;
    private LzmaStream? _block;
    private X86Branches? _branches;

    // Of the piece: what was given out already, and what waits for bytes behind it.
    private int _given;
    private int _filled;

    /// <exception cref="KernelImageException">The header is damaged.</exception>
    public XzStream(StreamPart packed, long most)
        : base(packed)
    {
        _mostWindow = Math.Min(1L << Payload.MostWindowLog, (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(most, 4096)));
        Span<byte> header = stackalloc byte[HeaderSize];
        Fill(header);
        _check = header[7] <= 0x0f
            ? header[7]
            : throw new KernelImageException(KernelImageError.Damaged, $"xz has no checksum of the kind {header[7]}.");
    }

    // 0, 4, 8, 16, 32 or 64 bytes, three kinds of each but of none.
    private int CheckSize => _check == 0 ? 0 : 4 << ((_check - 1) / 3);

    protected override ReadOnlyMemory<byte> Next()
    {
        while (_block is not null || TryStart())
        {
            _piece.AsSpan(_given, _filled - _given).CopyTo(_piece);
            _filled -= _given;
            int count = _block!.ReadAtLeast(_piece.AsSpan(_filled), PieceSize - _filled, throwOnEndOfStream: false);
            bool ends = count < PieceSize - _filled;
            _filled += count;
            int done = _branches?.Apply(_piece.AsSpan(0, _filled)) ?? _filled;
            _given = ends ? _filled : done;
            _sum.Append(_piece.AsSpan(0, _given));
            if (ends)
            {
                End();
            }

            if (_given > 0)
            {
                return _piece.AsMemory(0, _given);
            }
        }

        return default;
    }

    protected override void Dispose(bool disposing)
    {
        _block?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Begins the next block; false where the index begins, which tells nothing that is not known.</summary>
    private bool TryStart()
    {
        _start = Packed.Position;
        int size = Packed.ReadByte();
        if (size <= 0)
        {
            return size == 0 ? false : throw new KernelImageException(KernelImageError.Cut, "The packed kernel ends before xz's index.");
        }

        // Behind the fields comes their checksum, which ends the header.
        Span<byte> fields = stackalloc byte[(size * 4) - 1];
        Fill(fields);
        Span<byte> sum = stackalloc byte[sizeof(uint)];
        Fill(sum);
        XzBlockHeader header = XzBlockHeader.Read(fields);
        if (header.Window > _mostWindow)
        {
            throw Payload.TooLarge(header.Window);
        }

        _block = LzmaStream.Create([header.WindowCode], Packed, -1, -1, null, isLzma2: true, leaveOpen: true);
        _branches = header.HasBranches ? new X86Branches() : null;
        _sum.Reset();
        return true;
    }

    private void End()
    {
        _block!.Dispose();
        _block = null;
        Span<byte> rest = stackalloc byte[4 + 64];
        rest = rest[..((int)((4 - ((Packed.Position - _start) % 4)) % 4) + CheckSize)];
        Fill(rest);
        if (_check == Crc32Check && BinaryPrimitives.ReadUInt32LittleEndian(rest[^4..]) != _sum.GetCurrentHashAsUInt32())
        {
            throw new KernelImageException(KernelImageError.Damaged, "The checksum of a block of xz does not hold.");
        }
    }
}
