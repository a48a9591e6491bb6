namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Says how the unpacking of an LZO1X block ended.</summary>
internal enum Lzo1xResult
{
    /// <summary>The block is unpacked up to its end mark.</summary>
    Done,

    /// <summary>The packed bytes end before the end mark.</summary>
    SourceEnds,

    /// <summary>What comes out is longer than the room for it.</summary>
    DestinationFull,

    /// <summary>A copy begins before the first byte that came out.</summary>
    BadDistance,
}

/// <summary>Unpacks LZO1X blocks: each is a list of instructions that copy bytes from the block itself, or from what came out.</summary>
/// <remarks>Thread-safe. The bytes are not trusted: the work is at most a constant times both lengths. Source:
/// <c>Documentation/staging/lzo.rst</c>, version 0 of the stream.</remarks>
internal static class Lzo1x
{
    private const int FirstLiterals = 17;
    private const int NearDistance = 1;
    private const int MiddleDistance = 2049;
    private const int FarDistance = 16384;

    // What the instruction before copied from the block: nothing, one to three bytes, or this for more.
    private const int ManyLiterals = 4;

    /// <summary>Unpacks one block.</summary>
    /// <param name="source">The packed bytes. What follows the end mark is not looked at.</param>
    /// <param name="destination">The room for what comes out.</param>
    /// <param name="read">The packed bytes that were used.</param>
    /// <param name="written">The bytes that came out, also where the block is damaged.</param>
    public static Lzo1xResult Decompress(ReadOnlySpan<byte> source, Span<byte> destination, out int read, out int written)
    {
        var block = new Block(source, destination);
        Lzo1xResult result = block.Run();
        read = block.Read;
        written = block.Written;
        return result;
    }

    private ref struct Block(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        private readonly ReadOnlySpan<byte> _source = source;
        private readonly Span<byte> _destination = destination;

        public int Read { get; private set; }

        public int Written { get; private set; }

        public Lzo1xResult Run()
        {
            int literals = 0;
            if (_source.Length > 0 && _source[0] > FirstLiterals)
            {
                Read = 1;
                int length = _source[0] - FirstLiterals;
                literals = Math.Min(length, ManyLiterals);
                if (CopyLiterals(length) is var first and not Lzo1xResult.Done)
                {
                    return first;
                }
            }

            while (Read < _source.Length)
            {
                Lzo1xResult result = Step(ref literals, out bool ended);
                if (result != Lzo1xResult.Done || ended)
                {
                    return result;
                }
            }

            return Lzo1xResult.SourceEnds;
        }

        private Lzo1xResult Step(ref int literals, out bool ended)
        {
            ended = false;
            int code = _source[Read++];
            int length;
            int distance;
            if (code < 16 && literals == 0)
            {
                literals = ManyLiterals;
                return TryLength(code, 15, out length) ? CopyLiterals(length + 3) : Lzo1xResult.SourceEnds;
            }

            if (code is >= 16 and < 64)
            {
                int mask = code < 32 ? 7 : 31;
                if (!TryLength(code & mask, mask, out length) || _source.Length - Read < 2)
                {
                    return Lzo1xResult.SourceEnds;
                }

                int operand = _source[Read] | (_source[Read + 1] << 8);
                Read += 2;
                length += 2;
                distance = (operand >> 2) + (code < 32 ? FarDistance + ((code & 8) << 11) : NearDistance);
                literals = operand & 3;
                if (code < 32 && distance == FarDistance)
                {
                    ended = true;
                    return Lzo1xResult.Done;
                }
            }
            else
            {
                if (Read == _source.Length)
                {
                    return Lzo1xResult.SourceEnds;
                }

                int operand = _source[Read++];
                (length, distance) = code switch
                {
                    < 16 when literals == ManyLiterals => (3, (operand << 2) + (code >> 2) + MiddleDistance),
                    < 16 => (2, (operand << 2) + (code >> 2) + NearDistance),
                    < 128 => (3 + ((code >> 5) & 1), (operand << 3) + ((code >> 2) & 7) + NearDistance),
                    _ => (5 + ((code >> 5) & 3), (operand << 3) + ((code >> 2) & 7) + NearDistance),
                };
                literals = code & 3;
            }

            Lzo1xResult result = CopyBack(distance, length);
            return result == Lzo1xResult.Done ? CopyLiterals(literals) : result;
        }

        // Where the bits of an instruction are all zero, the length follows: 255 for each byte of zero, and one that is not.
        private bool TryLength(int bits, int most, out int length)
        {
            length = bits;
            if (bits != 0)
            {
                return true;
            }

            int zeroes = _source[Read..].IndexOfAnyExcept((byte)0);
            if (zeroes < 0)
            {
                Read = _source.Length;
                return false;
            }

            // More than any block has: it ends as one whose room is too small.
            length = (int)Math.Min(most + (255L * zeroes) + _source[Read + zeroes], int.MaxValue / 2);
            Read += zeroes + 1;
            return true;
        }

        private Lzo1xResult CopyLiterals(int count)
        {
            if (count > _source.Length - Read)
            {
                return Lzo1xResult.SourceEnds;
            }

            if (count > _destination.Length - Written)
            {
                return Lzo1xResult.DestinationFull;
            }

            _source.Slice(Read, count).CopyTo(_destination[Written..]);
            Read += count;
            Written += count;
            return Lzo1xResult.Done;
        }

        private Lzo1xResult CopyBack(int distance, int count)
        {
            if (distance > Written)
            {
                return Lzo1xResult.BadDistance;
            }

            if (count > _destination.Length - Written)
            {
                return Lzo1xResult.DestinationFull;
            }

            int from = Written - distance;
            if (distance >= count)
            {
                _destination.Slice(from, count).CopyTo(_destination[Written..]);
            }
            else if (distance == 1)
            {
                _destination.Slice(Written, count).Fill(_destination[from]);
            }
            else
            {
                // The copy reads what it wrote: a pattern that repeats.
                for (int at = 0; at < count; at++)
                {
                    _destination[Written + at] = _destination[from + at];
                }
            }

            Written += count;
            return Lzo1xResult.Done;
        }
    }
}
