using System.Buffers.Binary;

namespace LuoInterop.MemoryImages.Bytes;

/// <summary>Reads a file that was sent through a pipe in pieces (makedumpfile -F; QEMU's kdump-*): each says where it belongs.</summary>
/// <remarks>
/// Source: makedumpfile's IMPLEMENTATION, "The flattened format", and <c>dump/dump.c</c> of QEMU. A later piece replaces what it
/// overlaps. Places that no piece has are zero.
/// </remarks>
internal sealed class FlattenedSource : ByteSource
{
    public const int HeaderSize = 4096;

    private const int PieceHeaderSize = 16;
    private const long FormatType = 1;
    private const long FormatVersion = 1;

    private readonly ByteSource _source;
    private readonly List<Piece> _pieces;

    private FlattenedSource(ByteSource source, List<Piece> pieces, bool isComplete)
    {
        _source = source;
        _pieces = pieces;
        IsComplete = isComplete;
        Length = pieces.Count == 0 ? 0 : pieces[^1].End;
    }

    /// <summary>Gets the bytes with which a file of this format begins.</summary>
    public static ReadOnlySpan<byte> Magic => "makedumpfile\0\0\0\0"u8;

    /// <summary>Gets whether the mark of the end was there.</summary>
    public bool IsComplete { get; }

    public override long Length { get; }

    public override long Stored => _source.Stored;

    /// <summary>Reads where the pieces are; the source is owned from then on.</summary>
    /// <remarks>A file that is cut off is read as far as it goes.</remarks>
    /// <exception cref="MemoryImageException">The header is cut off or of another version, or a piece's header makes no sense.</exception>
    public static FlattenedSource Open(ByteSource source)
    {
        byte[] header = source.Require(0, HeaderSize, "header of the flattened format");
        long type = BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(16));
        long version = BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(24));
        if (type != FormatType || version != FormatVersion)
        {
            throw new MemoryImageException(
                MemoryImageError.UnsupportedFormat, $"The flattened format has type {type} and version {version}; 1 and 1 are known here.");
        }

        var pieces = new List<Piece>();
        Span<byte> words = stackalloc byte[PieceHeaderSize];
        for (long at = HeaderSize; source.TryRead(at, words);)
        {
            long offset = BinaryPrimitives.ReadInt64BigEndian(words);
            long size = BinaryPrimitives.ReadInt64BigEndian(words[8..]);
            if (offset == -1 && size == -1)
            {
                return new FlattenedSource(source, Arrange(pieces), true);
            }

            if (offset < 0 || size <= 0 || offset > long.MaxValue - size)
            {
                throw new MemoryImageException(
                    MemoryImageError.Malformed, $"The piece at byte {at} of the flattened file says offset {offset} and {size} bytes.");
            }

            long start = at + PieceHeaderSize;
            long there = Math.Min(size, source.Length - start);
            if (there > 0)
            {
                pieces.Add(new Piece(offset, offset + there, start, pieces.Count));
            }

            if (there < size)
            {
                break;
            }

            at = start + size;
        }

        return new FlattenedSource(source, Arrange(pieces), false);
    }

    public override bool TryRead(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length || destination.Length > Length - offset)
        {
            return false;
        }

        for (int i = Find(offset); destination.Length > 0; i++)
        {
            Piece piece = _pieces[i];
            if (offset < piece.Offset)
            {
                int gap = (int)Math.Min(destination.Length, piece.Offset - offset);
                destination[..gap].Clear();
                destination = destination[gap..];
                offset += gap;
                if (destination.Length == 0)
                {
                    break;
                }
            }

            int length = (int)Math.Min(destination.Length, piece.End - offset);
            if (!_source.TryRead(piece.Start + (offset - piece.Offset), destination[..length]))
            {
                return false;
            }

            destination = destination[length..];
            offset += length;
        }

        return true;
    }

    public override bool TryFindData(long offset, out long start, out long end)
    {
        (start, end) = (Length, Length);
        if (offset >= Length)
        {
            return false;
        }

        int i = Find(offset);
        start = Math.Max(offset, _pieces[i].Offset);
        end = _pieces[i].End;
        while (++i < _pieces.Count && _pieces[i].Offset == end)
        {
            end = _pieces[i].End;
        }

        return true;
    }

    public override void Dispose() => _source.Dispose();

    // The first piece that ends behind an offset, which lies in the file.
    private int Find(long offset)
    {
        int low = 0;
        for (int high = _pieces.Count - 1; low < high;)
        {
            int middle = (low + high) / 2;
            (low, high) = _pieces[middle].End > offset ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    // Cuts pieces that overlap into ones that do not; of two at a place the later counts.
    private static List<Piece> Arrange(List<Piece> pieces)
    {
        pieces.Sort(static (x, y) => x.Offset.CompareTo(y.Offset));
        var arranged = new List<Piece>(pieces.Count);
        var open = new PriorityQueue<Piece, int>();
        long at = 0;
        for (int i = 0; i < pieces.Count || open.Count > 0;)
        {
            // What ended before here cannot count any more; what is latest counts up to where another one begins.
            while (open.TryPeek(out Piece ended, out _) && ended.End <= at)
            {
                open.Dequeue();
            }

            if (open.Count == 0)
            {
                if (i == pieces.Count)
                {
                    break;
                }

                at = Math.Max(at, pieces[i].Offset);
            }

            while (i < pieces.Count && pieces[i].Offset <= at)
            {
                open.Enqueue(pieces[i], -pieces[i].Order);
                i++;
            }

            while (open.TryPeek(out Piece ended, out _) && ended.End <= at)
            {
                open.Dequeue();
            }

            if (!open.TryPeek(out Piece latest, out _))
            {
                continue;
            }

            long end = i < pieces.Count ? Math.Min(latest.End, pieces[i].Offset) : latest.End;
            arranged.Add(latest with { Offset = at, End = end, Start = latest.Start + (at - latest.Offset) });
            at = end;
        }

        return Joined(arranged);
    }

    private static List<Piece> Joined(List<Piece> pieces)
    {
        var joined = new List<Piece>(pieces.Count);
        foreach (Piece piece in pieces)
        {
            if (joined.Count > 0 && joined[^1] is var last && last.End == piece.Offset
                && last.Start + (last.End - last.Offset) == piece.Start)
            {
                joined[^1] = last with { End = piece.End };
            }
            else
            {
                joined.Add(piece);
            }
        }

        return joined;
    }

    private readonly record struct Piece(long Offset, long End, long Start, int Order);
}
