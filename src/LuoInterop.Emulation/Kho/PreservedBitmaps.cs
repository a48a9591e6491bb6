using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Keeps preserved pieces in bitmaps of a page, one set for each order (<c>struct kho_mem_track</c>, Linux 6.16 to 7.0).</summary>
/// <remarks>The next kernel finds the bitmaps by the chunks that <see cref="Serialize"/> writes.</remarks>
internal sealed class PreservedBitmaps(PhysicalMemory memory, PageFrames frames) : PreservedMap
{
    private readonly SortedDictionary<(int Order, ulong Index), ulong> _bitmaps = [];
    private List<ulong> _chunks = [];

    public override ulong Address => _chunks.Count > 0 ? _chunks[0] : 0;

    public override IEnumerable<ulong> Pages => _bitmaps.Values.Concat(_chunks);

    public override Errno Add(ulong address, int order)
    {
        ulong piece = address >> (PhysicalMemory.PageShift + order);
        (int Order, ulong Index) key = (order, piece / KhoserMemMap.PRESERVE_BITS);
        if (!_bitmaps.TryGetValue(key, out ulong bitmap))
        {
            bitmap = frames.AllocatePage();
            if (bitmap == 0)
            {
                return Errno.ENOMEM;
            }

            _bitmaps.Add(key, bitmap);
        }

        Span<byte> word = Word(bitmap, piece);
        BinaryPrimitives.WriteUInt64LittleEndian(word, BinaryPrimitives.ReadUInt64LittleEndian(word) | (1UL << (int)(piece % 64)));
        return Errno.None;
    }

    public override void Remove(ulong address, int order)
    {
        ulong piece = address >> (PhysicalMemory.PageShift + order);
        if (_bitmaps.TryGetValue((order, piece / KhoserMemMap.PRESERVE_BITS), out ulong bitmap))
        {
            Span<byte> word = Word(bitmap, piece);
            BinaryPrimitives.WriteUInt64LittleEndian(word, BinaryPrimitives.ReadUInt64LittleEndian(word) & ~(1UL << (int)(piece % 64)));
        }
    }

    public override Errno Serialize()
    {
        var chunks = new List<ulong>();
        Errno error = KhoserMemMap.Write(
            memory,
            _bitmaps.Select(static bitmap => new KhoserMemMap.Bitmap(bitmap.Key.Order, bitmap.Key.Index, bitmap.Value)),
            frames.AllocatePage,
            chunks);
        (error == Errno.None ? _chunks : chunks).ForEach(frames.FreePage);
        _chunks = error == Errno.None ? chunks : _chunks;
        return error;
    }

    public override void Clear()
    {
        foreach (ulong bitmap in _bitmaps.Values)
        {
            frames.FreePage(bitmap);
        }

        _bitmaps.Clear();
        _chunks.ForEach(frames.FreePage);
        _chunks.Clear();
    }

    private Span<byte> Word(ulong bitmap, ulong piece) =>
        memory.Structure(bitmap, PhysicalMemory.PageSize).Slice((int)(piece % KhoserMemMap.PRESERVE_BITS / 64) * 8, 8);
}
