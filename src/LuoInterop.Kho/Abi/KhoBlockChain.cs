namespace LuoInterop.Kho.Abi;
#pragma warning disable CA1000 // The type of the entries says how many a block holds, so a call has to name it.

/// <summary>Reads and builds a chain of 4 KiB blocks (<c>kernel/liveupdate/kho_block.c</c>, since Linux 7.2).</summary>
/// <param name="Blocks">The blocks' physical addresses, in chain order.</param>
/// <param name="Entries">The entries of all blocks, in order.</param>
public sealed record KhoBlockChain<T>(IReadOnlyList<ulong> Blocks, IReadOnlyList<T> Entries)
    where T : struct, IKhoSer<T>
{
    /// <summary>Gets the entries that fit into one block.</summary>
    public static int PerBlock => (KhoBlockHeaderSer.KHO_BLOCK_SIZE - KhoBlockHeaderSer.Size) / T.SerSize;

    /// <summary>Gets the blocks that a number of entries needs.</summary>
    public static int BlocksFor(int entries) => (entries + PerBlock - 1) / PerBlock;

    /// <summary>Reads a chain with the kernel's checks in the kernel's order (<c>kho_block_set_restore</c>).</summary>
    /// <param name="memory">The memory that the addresses point into.</param>
    /// <param name="head">The first block; 0 is an empty chain.</param>
    /// <param name="claims">
    /// The pages that belong to something already, to which those of the blocks are added; or null. The kernel looks at none:
    /// without it, blocks that overlap are as many as the chain may have, however little memory they lie in.
    /// </param>
    /// <exception cref="KhoFormatException">
    /// <see cref="KhoFormatError.Cycle"/> and <see cref="KhoFormatError.BadCount"/> are EINVAL,
    /// <see cref="KhoFormatError.TooManyBlocks"/> is ENOSPC: a chain of 10,001 to 20,000 blocks passes the cycle check and
    /// fails at block 10,001, after that block's count was found good. A longer one fails the cycle check, with EINVAL.
    /// <see cref="KhoFormatError.Unreadable"/> has no errno, nor has <see cref="KhoFormatError.Cycle"/> for a page that is claimed.
    /// </exception>
    public static KhoBlockChain<T> Read(IPhysicalMemory memory, ulong head, PageRanges? claims = null)
    {
        if (head != 0)
        {
            RequireAcyclic(memory, head);
        }

        KhoBlockChain<T> chain = ReadBlocks(memory, head, claims, out KhoFormatException? fault);
        return fault is null ? chain : throw fault;
    }

    /// <summary>Reads a chain as far as it is sound, so that what is behind a bad block is lost alone.</summary>
    /// <param name="memory">The memory that the addresses point into.</param>
    /// <param name="head">The first block; 0 is an empty chain.</param>
    /// <param name="claims">The pages that belong to something already, to which those of the blocks are added.</param>
    /// <param name="fault">What ends the chain before its time; null for a chain that <see cref="Read"/> takes too.</param>
    internal static KhoBlockChain<T> ReadPart(IPhysicalMemory memory, ulong head, PageRanges claims, out KhoFormatException? fault)
    {
        KhoFormatException? circle = null;
        try
        {
            if (head != 0)
            {
                RequireAcyclic(memory, head);
            }
        }
        catch (KhoFormatException error)
        {
            circle = error;
        }

        KhoBlockChain<T> chain = ReadBlocks(memory, head, claims, out fault);
        fault = circle ?? fault;
        return chain;
    }

    private static KhoBlockChain<T> ReadBlocks(IPhysicalMemory memory, ulong head, PageRanges? claims, out KhoFormatException? fault)
    {
        var blocks = new List<ulong>();
        var entries = new List<T>();
        fault = null;
        Span<byte> block = stackalloc byte[KhoBlockHeaderSer.KHO_BLOCK_SIZE];
        for (ulong address = head; address != 0 && fault is null;)
        {
            if (!memory.TryRead(address, block))
            {
                fault = KhoFormatException.Unreadable(address, "block");
                break;
            }

            KhoBlockHeaderSer header = KhoBlockHeaderSer.Read(block);
            fault = Check(header, head, address, blocks.Count, claims);
            if (fault is null)
            {
                blocks.Add(address);
                ReadOnlySpan<byte> rest = block[KhoBlockHeaderSer.Size..];
                for (int i = 0; i < (int)header.Count; i++)
                {
                    entries.Add(T.Read(rest.Slice(i * T.SerSize, T.SerSize)));
                }

                address = header.Next;
            }
        }

        return new KhoBlockChain<T>(blocks, entries);
    }

    private static KhoFormatException? Check(KhoBlockHeaderSer header, ulong head, ulong address, int blocks, PageRanges? claims)
    {
        if (header.Count == 0 || header.Count > (ulong)PerBlock)
        {
            return new KhoFormatException(
                KhoFormatError.BadCount,
                $"The block at 0x{address:x} says that it holds {header.Count} entries; 1 to {PerBlock} are legal.",
                Errno.EINVAL);
        }

        if (blocks >= KhoBlockHeaderSer.KHO_MAX_BLOCKS)
        {
            return new KhoFormatException(
                KhoFormatError.TooManyBlocks,
                $"The chain at 0x{head:x} has more than {KhoBlockHeaderSer.KHO_MAX_BLOCKS} blocks.",
                Errno.ENOSPC);
        }

        return claims?.TryAdd(address / KhoBlockHeaderSer.KHO_BLOCK_SIZE, 1) == false
            ? new KhoFormatException(KhoFormatError.Cycle, $"The page of the block at 0x{address:x} belongs to something else.")
            : null;
    }

    /// <summary>Links blocks and fills them in order, as the freeze does. Each block is written whole.</summary>
    /// <remarks>
    /// Blocks beyond the last entry are linked with a count of 0, which no kernel accepts at boot. The kernel writes such a
    /// chain when its block set is larger than its contents, so the caller decides on the number of blocks.
    /// </remarks>
    /// <param name="memory">The memory to write into.</param>
    /// <param name="blocks">The addresses of the blocks, all different.</param>
    /// <param name="entries">The entries.</param>
    /// <exception cref="ArgumentException">The entries do not fit.</exception>
    public static void Write(IPhysicalMemory memory, IReadOnlyList<ulong> blocks, IReadOnlyList<T> entries)
    {
        if (entries.Count > (long)blocks.Count * PerBlock)
        {
            throw new ArgumentException($"{entries.Count} entries do not fit into {blocks.Count} blocks.", nameof(entries));
        }

        byte[] block = new byte[KhoBlockHeaderSer.KHO_BLOCK_SIZE];
        int done = 0;
        for (int i = 0; i < blocks.Count; i++)
        {
            Array.Clear(block);
            int count = Math.Min(PerBlock, entries.Count - done);
            new KhoBlockHeaderSer(i + 1 < blocks.Count ? blocks[i + 1] : 0, (ulong)count).Write(block);
            for (int j = 0; j < count; j++)
            {
                entries[done + j].Write(block.AsSpan(KhoBlockHeaderSer.Size + (j * T.SerSize), T.SerSize));
            }

            done += count;
            if (!memory.TryWrite(blocks[i], block))
            {
                throw KhoFormatException.Unreadable(blocks[i], "block");
            }
        }
    }

    // Floyd's check as kho_block_set_is_cyclic makes it, its limit of steps included.
    private static void RequireAcyclic(IPhysicalMemory memory, ulong head)
    {
        ulong fast = head;
        ulong slow = head;
        for (int step = 0; step < KhoBlockHeaderSer.KHO_MAX_BLOCKS; step++)
        {
            fast = Next(memory, fast);
            if (fast == 0)
            {
                return;
            }

            fast = Next(memory, fast);
            if (fast == 0)
            {
                return;
            }

            slow = Next(memory, slow);
            if (slow == fast)
            {
                throw new KhoFormatException(KhoFormatError.Cycle, $"The chain at 0x{head:x} runs in a circle.", Errno.EINVAL);
            }
        }

        throw new KhoFormatException(
            KhoFormatError.Cycle,
            $"The chain at 0x{head:x} has more than {2 * KhoBlockHeaderSer.KHO_MAX_BLOCKS} blocks, or runs in a circle.",
            Errno.EINVAL);
    }

    private static ulong Next(IPhysicalMemory memory, ulong address)
    {
        Span<byte> header = stackalloc byte[KhoBlockHeaderSer.Size];
        return memory.TryRead(address, header)
            ? KhoBlockHeaderSer.Read(header).Next
            : throw KhoFormatException.Unreadable(address, "block");
    }
}
