using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Luo;

/// <summary>LUO's state as "luo-v1": a device tree, and arrays of one folio (Linux 6.19 to 7.1).</summary>
/// <param name="handover">The pages' keeper.</param>
/// <param name="hasFlb">Whether the tree has, and must have, the node of file-lifecycle-bound objects (since Linux 7.0).</param>
internal sealed class LuoTree(KexecHandover handover, bool hasFlb) : LuoFormat(handover)
{
    private readonly EntryArray _sessions = new(
        handover,
        LuoSessionSer.Size,
        LuoSessionHeaderSer.Size,
        LuoSessionHeaderSer.LUO_SESSION_PGCNT,
        Refused.ENOMEM,
        permanent: true);

    private ulong _incoming;

    public override EntrySet Sessions => _sessions;

    public override EntrySet CreateFiles() =>
        new EntryArray(Handover, LuoFileSer.Size, 0, LuoFileSer.LUO_FILE_PGCNT, Refused.ENOSPC, permanent: false);

    public override IEnumerable<LuoSessionSer> TakeSessions()
    {
        if (_incoming is not (not 0 and var header))
        {
            yield break;
        }

        // The kernel believes the count, whatever it is.
        _incoming = 0;
        ulong count = LuoSessionHeaderSer.Read(Handover.Memory.Structure(header, LuoSessionHeaderSer.Size)).Count;
        for (ulong i = 0; i < count; i++)
        {
            yield return Entry<LuoSessionSer>(header + LuoSessionHeaderSer.Size + (i * LuoSessionSer.Size));
        }

        Handover.RestoreFree(header);
    }

    public override int TakeFiles(LuoSessionSer session, out IEnumerable<LuoFileSer> files)
    {
        files = Files(session);
        return 0;
    }

    public override bool SetUp(ulong number)
    {
        if ((hasFlb && !AddFlbs()) || _sessions.Grow(1) != 0)
        {
            return false;
        }

        return AddBlob(new LuoFdtV1(number, _sessions.Head, hasFlb ? OutgoingFlbs : null).ToArray()) != 0;
    }

    public override void Publish(int sessions) =>
        new LuoSessionHeaderSer((ulong)sessions).Write(Handover.Memory.Structure(_sessions.Head, LuoSessionHeaderSer.Size));

    // The header is not checked first: fdt_check_header is asked of the root tree only.
    protected override int Retrieve(ulong address, ulong size, out ulong number) =>
        Find(LinuxFdt.Direct(Handover.Memory, address), hasFlb, out number, out _incoming);

    // Nothing is taken over here: what is wrong with the tree is met again when it is.
    protected override ulong FindFlbs(ulong blob, ulong size)
    {
        ulong header = 0;
        return hasFlb && FindFlbs(LinuxFdt.Direct(Handover.Memory, blob), out header) == 0 ? header : 0;
    }

    /// <summary>Reads a previous kernel's tree (luo_early_startup, luo_session_setup_incoming and luo_flb_setup_incoming,
    /// in this order).</summary>
    /// <returns>0, ENOENT or EINVAL.</returns>
    /// <exception cref="EmulatedKernelPanicException">The tree leads out of memory.</exception>
    internal static int Find(LinuxFdt tree, bool hasFlb, out ulong number, out ulong sessions)
    {
        number = 0;
        sessions = 0;
        if (tree.CheckCompatible(LinuxFdt.Root, LuoFdtV1.LUO_FDT_COMPATIBLE) != 0
            || tree.NativeUInt64(LinuxFdt.Root, LuoFdtV1.LUO_FDT_LIVEUPDATE_NUM) is not { } found)
        {
            return Refused.EINVAL;
        }

        number = found;
        int node = tree.Subnode(LinuxFdt.Root, LuoFdtV1.LUO_FDT_SESSION_NODE_NAME);
        if (node < 0
            || tree.CheckCompatible(node, LuoFdtV1.LUO_FDT_SESSION_COMPATIBLE) != 0
            || tree.NativeUInt64(node, LuoFdtV1.LUO_FDT_SESSION_HEADER) is not { } header)
        {
            return Refused.EINVAL;
        }

        sessions = header;
        return hasFlb ? FindFlbs(tree, out _) : 0;
    }

    /// <summary>Finds the page of objects in a previous kernel's tree (luo_flb_setup_incoming): 0, ENOENT or EINVAL.</summary>
    /// <exception cref="EmulatedKernelPanicException">The tree leads out of memory.</exception>
    internal static int FindFlbs(LinuxFdt tree, out ulong header)
    {
        header = 0;
        int node = tree.Subnode(LinuxFdt.Root, LuoFdtV1.LUO_FDT_FLB_NODE_NAME);
        if (node < 0)
        {
            return Refused.ENOENT;
        }

        if (tree.CheckCompatible(node, LuoFdtV1.LUO_FDT_FLB_COMPATIBLE) != 0
            || tree.NativeUInt64(node, LuoFdtV1.LUO_FDT_FLB_HEADER) is not { } found)
        {
            return Refused.EINVAL;
        }

        header = found;
        return 0;
    }

    private IEnumerable<LuoFileSer> Files(LuoSessionSer session)
    {
        for (ulong i = 0; i < session.Count; i++)
        {
            yield return Entry<LuoFileSer>(session.Files + (i * LuoFileSer.Size));
        }

        // The kernel keeps the array until the session is finished; no one can see the difference in memory's use.
        Handover.RestoreFree(session.Files);
    }

    private T Entry<T>(ulong address)
        where T : struct, IKhoSer<T>
    {
        Span<byte> bytes = stackalloc byte[T.SerSize];
        return Handover.Memory.TryRead(address, bytes) ? T.Read(bytes) : throw EmulatedKernelPanicException.PageFault(address);
    }
}
