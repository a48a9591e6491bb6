using System.Buffers.Binary;
using System.Numerics;

namespace LuoInterop.Kho.Abi;

/// <summary>Reads and changes the tree of preserved pages (<c>kho_radix_*</c> of <c>kernel/liveupdate/kexec_handover.c</c>,
/// since Linux 7.1).</summary>
/// <remarks>
/// Five levels of tables of 512 addresses over bitmaps of 32,768 bits, one 4 KiB page each. One set bit is one preserved piece:
/// address and order together make its key. Not safe for use from several threads at once.
/// </remarks>
public sealed class KhoRadixTree : IPreservedMap
{
    /// <summary>The kernel's PAGE_SHIFT: pages of 4 KiB.</summary>
    public const int PageShift = 12;
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 1 << PageShift;

    // enum kho_radix_consts of include/linux/kho/abi/kexec_handover.h, for 4 KiB pages.
    /// <summary>The kernel's <c>KHO_RADIX_KEY_WIDTH</c>.</summary>
    public const int KHO_RADIX_KEY_WIDTH = 64 - PageShift + 1;
    /// <summary>The kernel's <c>KHO_TABLE_SIZE_LOG2</c>.</summary>
    public const int KHO_TABLE_SIZE_LOG2 = 9;
    /// <summary>The kernel's <c>KHO_BITMAP_SIZE_LOG2</c>.</summary>
    public const int KHO_BITMAP_SIZE_LOG2 = PageShift + 3;
    /// <summary>The kernel's <c>KHO_TREE_MAX_DEPTH</c>.</summary>
    public const int KHO_TREE_MAX_DEPTH = 6;

    /// <summary>The largest order that a key can hold together with an address.</summary>
    public const int MaxOrder = 51;

    /// <summary>The largest order of pages that the kernel allocates (MAX_PAGE_ORDER of <c>include/linux/mmzone.h</c>).</summary>
    public const int MaxPageOrder = 10;

    /// <summary>The most pages of a tree that is read; 4 GiB of tables.</summary>
    public const int MaxNodes = 1 << 20;

    private readonly IPhysicalMemory _memory;
    private readonly Func<ulong> _allocatePage;
    private readonly Action<ulong>? _freePage;

    /// <param name="memory">The memory that holds the tree.</param>
    /// <param name="root">The root page's physical address.</param>
    /// <param name="allocatePage">Gives the address of a new, zeroed page, or 0 when memory is short. Not needed to read.</param>
    /// <param name="freePage">Takes back a page that an addition could not use.</param>
    public KhoRadixTree(
        IPhysicalMemory memory, ulong root, Func<ulong>? allocatePage = null, Action<ulong>? freePage = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(root);
        _memory = memory;
        Root = root;
        _allocatePage = allocatePage ?? (static () => 0);
        _freePage = freePage;
    }

    /// <summary>Gets the root page's physical address, the value of <c>preserved-memory-map</c>.</summary>
    public ulong Root { get; }

    /// <summary>Makes the key of a piece of <c>1 &lt;&lt; order</c> pages (<c>kho_encode_radix_key</c>).</summary>
    public static ulong EncodeKey(ulong address, int order)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(order);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, MaxOrder);
        int shift = PageShift + order;
        return (1UL << (64 - shift)) | (address >> shift);
    }

    /// <summary>Takes a key apart (<c>kho_decode_radix_key</c>).</summary>
    /// <exception cref="KhoFormatException"><see cref="KhoFormatError.BadKey"/>: the key has no legal order bit.</exception>
    public static (ulong Address, int Order) DecodeKey(ulong key)
    {
        int order = KHO_RADIX_KEY_WIDTH - 1 - BitOperations.Log2(key);
        if (key == 0 || order is < 0 or > MaxOrder)
        {
            throw new KhoFormatException(KhoFormatError.BadKey, $"Key 0x{key:x} of the preserved-memory tree stands for no page.");
        }

        return (key << (PageShift + order), order);
    }

    /// <summary>Adds a piece; one that is there already is left as it is.</summary>
    /// <returns><see cref="Errno.None"/>, or ENOMEM with the tree as it was.</returns>
    public Errno Add(ulong address, int order)
    {
        ulong key = EncodeKey(address, order);
        ulong node = Root;
        ulong branchSlot = 0;
        var branch = new List<ulong>();
        for (int level = KHO_TREE_MAX_DEPTH - 1; level > 0; level--)
        {
            ulong slot = Slot(node, key, level);
            ulong next = ReadWord(slot);
            if (next == 0)
            {
                next = _allocatePage();
                if (next == 0)
                {
                    branch.ForEach(page => _freePage?.Invoke(page));
                    return Errno.ENOMEM;
                }

                // The new branch is hung into the tree last, when it is whole.
                if (branch.Count == 0)
                {
                    branchSlot = slot;
                }
                else
                {
                    WriteWord(slot, next);
                }

                branch.Add(next);
            }

            node = next;
        }

        (ulong word, ulong bit) = Bit(node, key);
        WriteWord(word, ReadWord(word) | bit);
        if (branch.Count > 0)
        {
            WriteWord(branchSlot, branch[0]);
        }

        return Errno.None;
    }

    /// <summary>Removes a piece. Tables stay, also empty ones.</summary>
    /// <returns>False when the piece, with this order, was not in the tree.</returns>
    public bool Remove(ulong address, int order)
    {
        ulong key = EncodeKey(address, order);
        if (!TryFindLeaf(key, out ulong leaf))
        {
            return false;
        }

        (ulong word, ulong bit) = Bit(leaf, key);
        ulong bits = ReadWord(word);
        WriteWord(word, bits & ~bit);
        return (bits & bit) != 0;
    }

    /// <summary>Tells whether a piece, with this order, is in the tree.</summary>
    public bool Contains(ulong address, int order)
    {
        ulong key = EncodeKey(address, order);
        if (!TryFindLeaf(key, out ulong leaf))
        {
            return false;
        }

        (ulong word, ulong bit) = Bit(leaf, key);
        return (ReadWord(word) & bit) != 0;
    }

    /// <summary>Finds the order of the piece that begins at an address; the largest where there are several,
    /// -1 where there is none.</summary>
    /// <remarks>Orders above <see cref="MaxPageOrder"/> are not looked for: no kernel preserves such pieces.</remarks>
    public int FindOrder(ulong address)
    {
        int order = Math.Min(BitOperations.TrailingZeroCount(address) - PageShift, MaxPageOrder);
        while (order >= 0 && !Contains(address, order))
        {
            order--;
        }

        return Math.Max(order, -1);
    }

    /// <summary>Enumerates the pieces in key order: large orders first, then by address.</summary>
    /// <exception cref="KhoFormatException">While enumerating: a node is not in memory, is no page, is linked twice,
    /// or holds a bad key.</exception>
    public IEnumerable<(ulong Address, int Order)> Pieces()
    {
        byte[] bitmap = new byte[PageSize];
        foreach ((ulong leaf, int level, ulong prefix) in Walk())
        {
            if (level != 0)
            {
                continue;
            }

            if (!_memory.TryRead(leaf, bitmap))
            {
                throw KhoFormatException.Unreadable(leaf, "radix tree leaf");
            }

            for (int word = 0; word < PageSize / 8; word++)
            {
                for (ulong bits = BinaryPrimitives.ReadUInt64LittleEndian(bitmap.AsSpan(word * 8)); bits != 0; bits &= bits - 1)
                {
                    yield return DecodeKey(prefix | (uint)((word * 64) + BitOperations.TrailingZeroCount(bits)));
                }
            }
        }
    }

    /// <summary>Enumerates the pages of the tree itself, the root first. They are not marked as preserved.</summary>
    public IEnumerable<ulong> Nodes() => Walk().Select(static node => node.Address);

    /// <summary>Finds the bitmap that has a key's bit: its address, 0 where there is none.</summary>
    internal ulong FindLeaf(ulong key) => TryFindLeaf(key, out ulong leaf) ? leaf : 0;

    private IEnumerable<(ulong Address, int Level, ulong Prefix)> Walk()
    {
        // A sound tree links each page once; without this check a few bad pages would stand for endless work.
        var seen = new HashSet<ulong> { Root };
        var pending = new Stack<(ulong Address, int Level, ulong Prefix)>();
        pending.Push((Root, KHO_TREE_MAX_DEPTH - 1, 0));
        byte[] table = new byte[PageSize];
        while (pending.TryPop(out (ulong Address, int Level, ulong Prefix) node))
        {
            yield return node;
            if (node.Level == 0)
            {
                continue;
            }

            if (!_memory.TryRead(node.Address, table))
            {
                throw KhoFormatException.Unreadable(node.Address, "radix tree node");
            }

            // Pushed backwards, so that they are taken in the kernel's order.
            for (int i = (PageSize / 8) - 1; i >= 0; i--)
            {
                ulong child = BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(i * 8));
                if (child == 0)
                {
                    continue;
                }

                // Or one page would be thousands of nodes, each beginning at another byte.
                if (child % PageSize != 0)
                {
                    throw new KhoFormatException(
                        KhoFormatError.BadLayout, $"The radix tree links 0x{child:x}, which is no page's address.");
                }

                if (!seen.Add(child))
                {
                    throw new KhoFormatException(KhoFormatError.Cycle, $"The radix tree links the page 0x{child:x} twice.");
                }

                if (seen.Count > MaxNodes)
                {
                    throw new KhoFormatException(KhoFormatError.TooLarge, $"The radix tree has more than {MaxNodes} pages.");
                }

                pending.Push((child, node.Level - 1, node.Prefix | ((ulong)i << Shift(node.Level))));
            }
        }
    }

    private bool TryFindLeaf(ulong key, out ulong node)
    {
        node = Root;
        for (int level = KHO_TREE_MAX_DEPTH - 1; level > 0 && node != 0; level--)
        {
            node = ReadWord(Slot(node, key, level));
        }

        return node != 0;
    }

    private static int Shift(int level) => ((level - 1) * KHO_TABLE_SIZE_LOG2) + KHO_BITMAP_SIZE_LOG2;

    private static ulong Slot(ulong node, ulong key, int level) =>
        node + (((key >> Shift(level)) & ((1 << KHO_TABLE_SIZE_LOG2) - 1)) * 8);

    private static (ulong Word, ulong Bit) Bit(ulong leaf, ulong key)
    {
        ulong index = key & ((1 << KHO_BITMAP_SIZE_LOG2) - 1);
        return (leaf + (index / 64 * 8), 1UL << (int)(index % 64));
    }

    private ulong ReadWord(ulong address)
    {
        Span<byte> word = stackalloc byte[8];
        return _memory.TryRead(address, word)
            ? BinaryPrimitives.ReadUInt64LittleEndian(word)
            : throw KhoFormatException.Unreadable(address, "radix tree word");
    }

    private void WriteWord(ulong address, ulong value)
    {
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        if (!_memory.TryWrite(address, word))
        {
            throw KhoFormatException.Unreadable(address, "radix tree word");
        }
    }
}
