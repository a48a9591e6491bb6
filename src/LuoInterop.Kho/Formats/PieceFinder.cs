using System.Buffers.Binary;
using System.Numerics;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Formats;

/// <summary>Looks up the pieces of a map that does not change, and keeps where each order's last bitmap lies.</summary>
/// <remarks>A file's folios lie close to each other, so that most answers need no walk from the map's root.</remarks>
internal sealed class PieceFinder(IPhysicalMemory memory, IPreservedMap map)
{
    private const ulong BitsOfBitmap = KhoRadixTree.PageSize * 8;

    private readonly int _largest = map is KhoRadixTree ? KhoRadixTree.MaxPageOrder : KhoserMemMap.MaxOrder;
    private readonly (ulong Index, ulong Bitmap)?[] _kept = new (ulong, ulong)?[KhoserMemMap.MaxOrder + 1];

    /// <summary>Finds the order of the piece that begins at an address; the largest where there are several, -1 where there is
    /// none.</summary>
    /// <exception cref="KhoFormatException">The map is not sound there.</exception>
    public int FindOrder(ulong address)
    {
        int order = Math.Min(BitOperations.TrailingZeroCount(address) - KhoRadixTree.PageShift, _largest);
        while (order >= 0 && !Contains(address, order))
        {
            order--;
        }

        return Math.Max(order, -1);
    }

    private bool Contains(ulong address, int order)
    {
        ulong piece = address >> (order + KhoRadixTree.PageShift);
        ulong index = piece / BitsOfBitmap;
        if (_kept[order] is not { } kept || kept.Index != index)
        {
            kept = (index, Find(address, order));
            _kept[order] = kept;
        }

        if (kept.Bitmap == 0)
        {
            return false;
        }

        Span<byte> word = stackalloc byte[sizeof(ulong)];
        ulong place = kept.Bitmap + (piece % BitsOfBitmap / 64 * sizeof(ulong));
        return memory.TryRead(place, word)
            ? ((BinaryPrimitives.ReadUInt64LittleEndian(word) >> (int)(piece % 64)) & 1) != 0
            : throw KhoFormatException.Unreadable(place, "bitmap of preserved memory");
    }

    private ulong Find(ulong address, int order) => map switch
    {
        KhoRadixTree tree => tree.FindLeaf(KhoRadixTree.EncodeKey(address, order)),
        KhoserMemBitmaps bitmaps => bitmaps.FindBitmap(address, order),
        _ => throw new ArgumentException("This form of the map is not known.", nameof(address)),
    };
}
