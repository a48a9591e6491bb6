using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Reads a handover out of physical memory, from the root device tree on.</summary>
/// <remarks>
/// Bytes are untrusted: every page belongs to one list or folio once, so that work and memory are linear in the pages that are there.
/// Known are kho-v3 and kho-v4, luo-v5, and memfd-v2 (Linux 7.2 and 7.3).
/// </remarks>
public sealed class HandoverReader
{
    private readonly IPhysicalMemory _memory;
    private readonly PageRanges _claims = new();
    private KhoRadixTree? _preserved;

    private HandoverReader(IPhysicalMemory memory) => _memory = memory;

    /// <summary>Reads what the tree at an address leads to.</summary>
    /// <param name="memory">The memory as the next kernel finds it.</param>
    /// <param name="fdtAddress">The physical address of the root device tree.</param>
    /// <exception cref="KhoFormatException">Something of it cannot be decoded.</exception>
    public static Handover Read(IPhysicalMemory memory, ulong fdtAddress) => new HandoverReader(memory).ReadRoot(fdtAddress);

    private Handover ReadRoot(ulong fdtAddress)
    {
        byte[] page = Bytes(fdtAddress, KhoRootFdt.PageSize, "root device tree");
        KhoTree tree = KhoRootFdt.Read(KhoFdt.Read(page));
        if (tree.Compatible is not (KhoRootFdt.KHO_FDT_COMPATIBLE or KhoRootFdt.KHO_FDT_COMPATIBLE_V3))
        {
            throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion, $"The tree has the format \"{tree.Compatible}\"; kho-v3 and kho-v4 are known here.");
        }

        if (tree.PreservedMemoryMap is null or 0)
        {
            throw new KhoFormatException(KhoFormatError.BadProperty, "The tree has no preserved-memory-map.");
        }

        _preserved = new KhoRadixTree(_memory, tree.PreservedMemoryMap.Value);
        KexecMetadata? metadata = Blob(tree, KexecMetadata.KHO_METADATA_NODE_NAME, KexecMetadata.Size) is { } bytes
            ? KexecMetadata.Read(bytes)
            : null;
        if (Blob(tree, LuoSer.LUO_KHO_ENTRY_NAME, LuoSer.Size) is not { } head)
        {
            return new Handover(tree, _preserved, metadata, null, [], [], []);
        }

        LuoSer luo = LuoSer.Read(head);
        if (luo.Compatible != LuoSer.LUO_ABI_COMPATIBLE)
        {
            throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion, $"LUO's state has the format \"{luo.Compatible}\"; luo-v5 is known here.", Errno.EINVAL);
        }

        KhoBlockChain<LuoSessionSer> sessions = Chain<LuoSessionSer>(luo.SessionsPa);
        return new Handover(
            tree, _preserved, metadata, luo, ReadFlbs(luo.FlbsPa), sessions.Blocks, [.. sessions.Entries.Select(ReadSession)]);
    }

    private LuoFlbSer[] ReadFlbs(ulong address)
    {
        if (address == 0)
        {
            return [];
        }

        byte[] page = Bytes(address, LuoFlbHeaderSer.LUO_FLB_PGCNT * KhoRadixTree.PageSize, "page of FLBs");
        LuoFlbHeaderSer header = LuoFlbHeaderSer.Read(page);
        if (header.Count > LuoFlbHeaderSer.LUO_FLB_MAX)
        {
            throw new KhoFormatException(
                KhoFormatError.BadCount, $"The page of FLBs says {header.Count} entries; {LuoFlbHeaderSer.LUO_FLB_MAX} fit.");
        }

        return [.. Enumerable.Range(0, (int)header.Count).Select(
            i => LuoFlbSer.Read(page.AsSpan(LuoFlbHeaderSer.Size + (i * LuoFlbSer.Size))))];
    }

    private HandoverSession ReadSession(LuoSessionSer record)
    {
        KhoBlockChain<LuoFileSer> files = Chain<LuoFileSer>(record.Files);
        if (record.Files != 0 && (ulong)files.Entries.Count != record.Count)
        {
            throw new KhoFormatException(
                KhoFormatError.CountMismatch,
                $"The session {record.Name} says {record.Count} files, its blocks hold {files.Entries.Count}.",
                Errno.EINVAL);
        }

        return new HandoverSession(record, files.Blocks, [.. files.Entries.Select(ReadFile)]);
    }

    private HandoverFile ReadFile(LuoFileSer record) => new(
        record, record.Compatible == MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE ? ReadMemfd(record.Data) : null);

    private HandoverMemfd ReadMemfd(ulong data)
    {
        byte[] bytes = Bytes(data, MemfdLuoSer.Size, "memfd_luo_ser");
        Claim(data, 0);
        MemfdLuoSer record = MemfdLuoSer.Read(bytes);
        var reader = new MemfdLuoFolioReader(_memory, record.Folios, record.NrFolios);
        foreach (ulong chunk in reader.List.Chunks)
        {
            Claim(chunk, 0);
        }

        foreach (ulong piece in reader.List.Pages)
        {
            RequirePresent(piece, record.Folios.Order);
            Claim(piece, record.Folios.Order);
        }

        var folios = new List<HandoverFolio>();
        while (reader.TryRead(out MemfdLuoFolioSer folio))
        {
            folios.Add(ReadFolio(folio));
        }

        return new HandoverMemfd(record, reader.List, folios);
    }

    // The kernel skips an entry of frame 0. What is not preserved has no content, and so no pages that could be another's.
    private HandoverFolio ReadFolio(MemfdLuoFolioSer record)
    {
        ulong address = record.Pfn << KhoRadixTree.PageShift;
        int order = _preserved!.FindOrder(address);
        if (order >= 0 && record.Pfn != 0)
        {
            Claim(address, order);
        }

        return new HandoverFolio(record, order);
    }

    private KhoBlockChain<T> Chain<T>(ulong head)
        where T : struct, IKhoSer<T> => KhoBlockChain<T>.Read(_memory, head, _claims);

    // A piece that begins and ends in memory; what lies between is found out where it is read.
    private void RequirePresent(ulong piece, int order)
    {
        ulong last = piece + ((1UL << order) << KhoRadixTree.PageShift) - sizeof(ulong);
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        if (last < piece || !_memory.TryRead(piece, word) || !_memory.TryRead(last, word))
        {
            throw KhoFormatException.Unreadable(piece, $"piece of order {order}");
        }
    }

    private byte[]? Blob(KhoTree tree, string name, int size)
    {
        if (tree.SubTrees.FirstOrDefault(subtree => subtree.Name == name) is not { } found)
        {
            return null;
        }

        if (found.PreservedData is not { } address || found.BlobSize is not { } length || length < (ulong)size)
        {
            throw new KhoFormatException(
                KhoFormatError.BadProperty, $"The sub-tree {name} has no address, or is smaller than {size} bytes.", Errno.EINVAL);
        }

        return Bytes(address, size, name);
    }

    private byte[] Bytes(ulong address, int size, string what)
    {
        byte[] bytes = new byte[size];
        return _memory.TryRead(address, bytes) ? bytes : throw KhoFormatException.Unreadable(address, what);
    }

    private void Claim(ulong address, int order)
    {
        if (!_claims.TryAdd(address >> KhoRadixTree.PageShift, 1UL << order))
        {
            throw new KhoFormatException(KhoFormatError.Cycle, $"The page 0x{address:x} belongs to two lists, or to one twice.");
        }
    }
}
