using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Formats;
using LuoInterop.Kho.Previews;

namespace LuoInterop.Kho;

/// <summary>Reads a handover out of physical memory, from the root device tree on.</summary>
/// <remarks>
/// Bytes are untrusted: every page belongs to one list or folio once, so that work and memory are linear in the pages that are there.
/// Known are kho-v1, kho-v3 and kho-v4, luo-v1 and luo-v5, memfd-v1 and memfd-v2 (Linux 6.16 to 7.3).
/// </remarks>
public sealed class HandoverReader
{
    private readonly IPhysicalMemory _memory;
    private readonly PageRanges _claims = new();
    private readonly List<HandoverFault>? _faults;
    private MemfdReader? _memfds;

    private HandoverReader(IPhysicalMemory memory, List<HandoverFault>? faults) => (_memory, _faults) = (memory, faults);

    /// <summary>Reads what the tree at an address leads to.</summary>
    /// <param name="memory">The memory as the next kernel finds it.</param>
    /// <param name="fdtAddress">The physical address of the root device tree.</param>
    /// <exception cref="KhoFormatException">Something of it cannot be decoded.</exception>
    public static Handover Read(IPhysicalMemory memory, ulong fdtAddress) => new HandoverReader(memory, null).ReadRoot(fdtAddress, null);

    /// <summary>Reads as much as can be decoded of what the tree at an address leads to; <see cref="Handover.Faults"/> names the
    /// rest.</summary>
    /// <remarks>
    /// For memory of a kernel that runs already, or of which a dump lacks pages. Since Linux 7.2 a kernel frees the blob
    /// <c>LUO</c> that it was given early in its boot, and every kernel the map of preserved memory; sessions stay until its
    /// device is opened.
    /// </remarks>
    /// <param name="memory">The memory.</param>
    /// <param name="fdtAddress">The physical address of the root device tree.</param>
    /// <param name="sessions">The physical address of the first session block where the blob <c>LUO</c> is lost, in the form of "luo-v5";
    /// null to follow the blob.</param>
    /// <exception cref="KhoFormatException">There is no root tree of a known form at the address.</exception>
    public static Handover Salvage(IPhysicalMemory memory, ulong fdtAddress, ulong? sessions = null) =>
        new HandoverReader(memory, []).ReadRoot(fdtAddress, sessions);

    private Handover ReadRoot(ulong fdtAddress, ulong? sessionsPa)
    {
        byte[] page = Bytes(fdtAddress, KhoRootFdt.PageSize, "root device tree");
        KhoTree tree = KhoRootFdt.Read(KhoFdt.Read(page));
        if (tree.Compatible
            is not (KhoRootFdt.KHO_FDT_COMPATIBLE or KhoRootFdt.KHO_FDT_COMPATIBLE_V3 or KhoRootFdt.KHO_FDT_COMPATIBLE_V1))
        {
            throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion,
                $"The tree has the format \"{tree.Compatible}\"; kho-v1, kho-v3 and kho-v4 are known here.");
        }

        if (tree.PreservedMemoryMap is not { } root || (root == 0 && tree.Compatible != KhoRootFdt.KHO_FDT_COMPATIBLE_V1))
        {
            throw new KhoFormatException(KhoFormatError.BadProperty, "The tree has no preserved-memory-map.");
        }

        bool isV1 = tree.Compatible == KhoRootFdt.KHO_FDT_COMPATIBLE_V1;
        IPreservedMap preserved = Try(
            "preserved-memory map",
            () => isV1 ? new KhoserMemBitmaps(_memory, root) : (IPreservedMap)new KhoRadixTree(_memory, root),
            new KhoserMemBitmaps(_memory, 0));
        bool isSound = _faults is null || Try("preserved-memory map", () => RequireSound(preserved, fdtAddress), false);
        _memfds = new MemfdReader(_memory, _claims, isSound ? new PieceFinder(_memory, preserved) : null);
        KexecMetadata? metadata = Try<KexecMetadata?>(
            KexecMetadata.KHO_METADATA_NODE_NAME,
            () => Blob(tree, KexecMetadata.KHO_METADATA_NODE_NAME, KexecMetadata.Size) is { } bytes ? KexecMetadata.Read(bytes) : null,
            null);
        LuoReader? luo = sessionsPa is { } head
            ? new LuoStructureReader(_memory, new LuoState(LuoSer.LUO_ABI_COMPATIBLE, 0, head, 0), _claims)
            : Try(LuoSer.LUO_KHO_ENTRY_NAME, () => OpenLuo(tree), null);
        if (luo is null)
        {
            return new Handover(tree, preserved, metadata, null, [], [], []) { Faults = _faults ?? [], IsMapSound = isSound };
        }

        IReadOnlyList<LuoFlbSer> flbs = Try<IReadOnlyList<LuoFlbSer>>("FLBs", () => ReadFlbs(luo.State.Flbs), []);
        IReadOnlyList<LuoSessionSer> records = luo.ReadSessions(out IReadOnlyList<ulong> blocks, out KhoFormatException? fault);
        Take("sessions", fault);
        HandoverSession[] sessions = [.. records.Select(record => ReadSession(luo, record))];
        return new Handover(tree, preserved, metadata, luo.State, flbs, blocks, sessions)
        {
            Faults = _faults ?? [],
            IsMapSound = isSound,
        };
    }

    // A map holds the root tree's own page, and can be walked; pages that have been freed and used again do not make one.
    private static bool RequireSound(IPreservedMap map, ulong fdtAddress)
    {
        bool holdsTree = false;
        foreach ((ulong address, _) in map.Pieces())
        {
            holdsTree |= address == fdtAddress;
        }

        return holdsTree
            ? true
            : throw new KhoFormatException(
                KhoFormatError.BadLayout, "The preserved-memory map does not hold the root tree: its pages have been used again.");
    }

    private LuoReader? OpenLuo(KhoTree tree)
    {
        bool isV1 = tree.Compatible == KhoRootFdt.KHO_FDT_COMPATIBLE_V1;
        if (Find(tree, LuoSer.LUO_KHO_ENTRY_NAME) is not { } found)
        {
            return null;
        }

        // A blob of unknown size is a device tree, which says its own; the kernel's are one page.
        bool isTree = isV1 || IsTree(found);
        return LuoReader.Open(
            _memory, Blob(tree, LuoSer.LUO_KHO_ENTRY_NAME, isTree ? KhoRootFdt.PageSize : LuoSer.Size, mayBeSmaller: isTree)!, _claims);
    }

    private bool IsTree(KhoSubTree subtree)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        return subtree.PreservedData is { } address && _memory.TryRead(address, magic) && magic.SequenceEqual(LuoTreeReader.Magic);
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

    private HandoverSession ReadSession(LuoReader luo, LuoSessionSer record)
    {
        IReadOnlyList<LuoFileSer> files = luo.ReadFiles(record, out IReadOnlyList<ulong> blocks, out KhoFormatException? fault);
        Take($"session \"{record.Name}\"", fault);
        return new HandoverSession(record, blocks, [.. files.Select(file => ReadFile(record, file))]);
    }

    private HandoverFile ReadFile(LuoSessionSer session, LuoFileSer record)
    {
        string part = $"session \"{session.Name}\", token {record.Token}";
        return new HandoverFile(record, Try(part, () => _memfds!.Read(record), null))
        {
            Preview = Try(part, () => PreviewReader.Read(_memory, record), null),
        };
    }

    private byte[]? Blob(KhoTree tree, string name, int size, bool mayBeSmaller = false)
    {
        if (Find(tree, name) is not { } found)
        {
            return null;
        }

        bool hasSize = tree.Compatible != KhoRootFdt.KHO_FDT_COMPATIBLE_V1;
        if (found.PreservedData is not { } address
            || (hasSize && (found.BlobSize is not { } length || (length < (ulong)size && !mayBeSmaller))))
        {
            throw new KhoFormatException(
                KhoFormatError.BadProperty, $"The sub-tree {name} has no address, or is smaller than {size} bytes.", Errno.EINVAL);
        }

        return Bytes(address, size, name);
    }

    private static KhoSubTree? Find(KhoTree tree, string name) => tree.SubTrees.FirstOrDefault(subtree => subtree.Name == name);

    private byte[] Bytes(ulong address, int size, string what)
    {
        byte[] bytes = new byte[size];
        return _memory.TryRead(address, bytes) ? bytes : throw KhoFormatException.Unreadable(address, what);
    }

    private T Try<T>(string part, Func<T> read, T otherwise)
    {
        try
        {
            return read();
        }
        catch (KhoFormatException error) when (_faults is not null)
        {
            Take(part, error);
            return otherwise;
        }
    }

    private void Take(string part, KhoFormatException? fault)
    {
        if (fault is null)
        {
            return;
        }

        if (_faults is null)
        {
            throw fault;
        }

        _faults.Add(new HandoverFault(part, fault.Error, fault.Message, fault.Address));
    }
}
