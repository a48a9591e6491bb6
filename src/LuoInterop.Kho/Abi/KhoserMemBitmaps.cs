using System.Buffers.Binary;
using System.Numerics;

namespace LuoInterop.Kho.Abi;

/// <summary>Looks pieces up in the map of "kho-v1", whose chunks are read once (<see cref="KhoserMemMap"/>, Linux 6.16 to 7.0).</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
public sealed class KhoserMemBitmaps : IPreservedMap
{
    private readonly IPhysicalMemory _memory;
    private readonly List<ulong> _nodes = [];
    private readonly Dictionary<(int Order, ulong Index), ulong> _bitmaps = [];
    private readonly int _largest;

    /// <param name="memory">The memory that holds the map.</param>
    /// <param name="root">The first chunk; 0 is an empty map.</param>
    /// <exception cref="KhoFormatException">A chunk is not sound; the bitmaps are not read yet. Stricter than the kernel: bitmaps
    /// begin where the kernel lets them, and no two are of one place.</exception>
    public KhoserMemBitmaps(IPhysicalMemory memory, ulong root)
    {
        _memory = memory;
        Root = root;
        foreach ((KhoserMemBitmapPtr pointer, int order, ulong chunk) in KhoserMemMap.Bitmaps(memory, root))
        {
            ulong piece = pointer.PhysStart >> (order + KhoserMemMap.PageShift);
            if (piece % KhoserMemMap.PRESERVE_BITS != 0 || piece << (order + KhoserMemMap.PageShift) != pointer.PhysStart)
            {
                throw new KhoFormatException(
                    KhoFormatError.BadLayout, $"A bitmap of order {order} begins at 0x{pointer.PhysStart:x}, where none does.");
            }

            if (_nodes.Count == 0 || _nodes[^1] != chunk)
            {
                _nodes.Add(chunk);
            }

            // The kernel sets bits of both: a second bitmap of the same place would hide the first one here.
            if (!_bitmaps.TryAdd((order, piece / KhoserMemMap.PRESERVE_BITS), pointer.Bitmap))
            {
                throw new KhoFormatException(
                    KhoFormatError.Cycle, $"The preserved-memory map has two bitmaps of order {order} for one place.");
            }

            _largest = Math.Max(_largest, order);
        }
    }

    /// <inheritdoc/>
    public ulong Root { get; }

    /// <inheritdoc/>
    public IEnumerable<(ulong Address, int Order)> Pieces() => KhoserMemMap.Pieces(_memory, Root);

    /// <inheritdoc/>
    public IEnumerable<ulong> Nodes() => _nodes.Concat(_bitmaps.Values);

    /// <inheritdoc/>
    /// <remarks>The largest where there are several.</remarks>
    public int FindOrder(ulong address)
    {
        int order = Math.Min(BitOperations.TrailingZeroCount(address) - KhoserMemMap.PageShift, _largest);
        while (order >= 0 && !Contains(address, order))
        {
            order--;
        }

        return Math.Max(order, -1);
    }

    /// <summary>Finds the bitmap that has a piece's bit: its address, 0 where there is none.</summary>
    internal ulong FindBitmap(ulong address, int order) =>
        _bitmaps.GetValueOrDefault((order, (address >> (order + KhoserMemMap.PageShift)) / KhoserMemMap.PRESERVE_BITS));

    private bool Contains(ulong address, int order)
    {
        ulong bitmap = FindBitmap(address, order);
        if (bitmap == 0)
        {
            return false;
        }

        ulong bit = (address >> (order + KhoserMemMap.PageShift)) % KhoserMemMap.PRESERVE_BITS;
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        ulong place = bitmap + (bit / 64 * sizeof(ulong));
        return _memory.TryRead(place, word)
            ? ((BinaryPrimitives.ReadUInt64LittleEndian(word) >> (int)(bit % 64)) & 1) != 0
            : throw KhoFormatException.Unreadable(place, "preserved-memory bitmap");
    }
}
