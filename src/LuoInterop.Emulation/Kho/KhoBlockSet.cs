using LuoInterop.Emulation.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Holds the preserved blocks that a freeze fills with entries (kernel/liveupdate/kho_block.c), outgoing side.</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class KhoBlockSet(KexecHandover handover, int entrySize) : EntrySet
{
    private readonly List<ulong> _blocks = [];
    private readonly int _perBlock = (KhoBlockHeaderSer.KHO_BLOCK_SIZE - KhoBlockHeaderSer.Size) / entrySize;

    /// <summary>Gets the address of the first block, 0 for none.</summary>
    public override ulong Head => _blocks.Count > 0 ? _blocks[0] : 0;

    /// <summary>Makes room for a number of entries (kho_block_set_grow); on failure nothing has changed.</summary>
    /// <returns>0, ENOMEM, or ENOSPC past 10,000 blocks.</returns>
    public override int Grow(int entries)
    {
        int before = _blocks.Count;
        while (entries > (long)_blocks.Count * _perBlock)
        {
            int error = GrowOne();
            if (error != 0)
            {
                while (_blocks.Count > before)
                {
                    ShrinkOne();
                }

                return error;
            }
        }

        return 0;
    }

    /// <summary>Gives up blocks that a number of entries does not need (kho_block_set_shrink).</summary>
    public override void Shrink(int entries)
    {
        while (_blocks.Count > 0 && entries <= (long)(_blocks.Count - 1) * _perBlock)
        {
            ShrinkOne();
        }
    }

    /// <summary>Gives up all blocks (kho_block_set_destroy).</summary>
    public override void Destroy()
    {
        foreach (ulong block in _blocks)
        {
            handover.UnpreserveFree(block);
        }

        _blocks.Clear();
    }

    /// <summary>Empties all blocks, links stay (kho_block_set_clear).</summary>
    public override void Clear()
    {
        foreach (ulong block in _blocks)
        {
            Span<byte> page = handover.Memory.Structure(block, KhoBlockHeaderSer.KHO_BLOCK_SIZE);
            new KhoBlockHeaderSer(KhoBlockHeaderSer.Read(page).Next, 0).Write(page);
            page[KhoBlockHeaderSer.Size..].Clear();
        }
    }

    /// <summary>Writes an entry, and counts it in its block's header. Headers keep their counts when it is erased,
    /// as in the kernel.</summary>
    public override void Write(int index, ReadOnlySpan<byte> entry)
    {
        Span<byte> block = handover.Memory.Structure(_blocks[index / _perBlock], KhoBlockHeaderSer.KHO_BLOCK_SIZE);
        new KhoBlockHeaderSer(KhoBlockHeaderSer.Read(block).Next, (ulong)(index % _perBlock) + 1).Write(block);
        entry.CopyTo(Entry(index));
    }

    public override void Erase(int index) => Entry(index).Clear();

    private Span<byte> Entry(int index) => handover.Memory
        .Structure(_blocks[index / _perBlock], KhoBlockHeaderSer.KHO_BLOCK_SIZE)
        .Slice(KhoBlockHeaderSer.Size + (index % _perBlock * entrySize), entrySize);

    // kho_block_set_grow_one: the page, then the room in the chain, then the object that stands for it.
    private int GrowOne()
    {
        ulong block = handover.AllocatePreserved();
        if (block == 0)
        {
            return Refused.ENOMEM;
        }

        int error = _blocks.Count >= KhoBlockHeaderSer.KHO_MAX_BLOCKS ? Refused.ENOSPC
            : handover.Frames.TryAllocateSmall() ? 0
            : Refused.ENOMEM;
        if (error != 0)
        {
            handover.UnpreserveFree(block);
            return error;
        }

        if (_blocks.Count > 0)
        {
            SetNext(_blocks[^1], block);
        }

        _blocks.Add(block);
        return 0;
    }

    private void ShrinkOne()
    {
        handover.UnpreserveFree(_blocks[^1]);
        _blocks.RemoveAt(_blocks.Count - 1);
        if (_blocks.Count > 0)
        {
            SetNext(_blocks[^1], 0);
        }
    }

    private void SetNext(ulong block, ulong next)
    {
        Span<byte> header = handover.Memory.Structure(block, KhoBlockHeaderSer.Size);
        new KhoBlockHeaderSer(next, KhoBlockHeaderSer.Read(header).Count).Write(header);
    }
}
