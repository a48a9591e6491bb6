using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
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

    // luo_early_startup, luo_session_setup_incoming and luo_flb_setup_incoming, in this order.
    protected override int Retrieve(ulong address, ulong size, out ulong number)
    {
        number = 0;
        KhoFdtNode root;
        try
        {
            root = KhoFdt.Read(Handover.Memory.Structure(address, PhysicalMemory.PageSize)).Root;
        }
        catch (KhoFormatException)
        {
            return Refused.EINVAL;
        }

        if (root.FirstString("compatible") != LuoFdtV1.LUO_FDT_COMPATIBLE
            || root.NativeUInt64(LuoFdtV1.LUO_FDT_LIVEUPDATE_NUM) is not { } found
            || root.Child(LuoFdtV1.LUO_FDT_SESSION_NODE_NAME) is not { } sessions
            || sessions.FirstString("compatible") != LuoFdtV1.LUO_FDT_SESSION_COMPATIBLE
            || sessions.NativeUInt64(LuoFdtV1.LUO_FDT_SESSION_HEADER) is not { } header)
        {
            return Refused.EINVAL;
        }

        number = found;
        _incoming = header;
        if (!hasFlb)
        {
            return 0;
        }

        return root.Child(LuoFdtV1.LUO_FDT_FLB_NODE_NAME) is not { } flb ? Refused.ENOENT
            : flb.FirstString("compatible") != LuoFdtV1.LUO_FDT_FLB_COMPATIBLE || flb.NativeUInt64(LuoFdtV1.LUO_FDT_FLB_HEADER) is null
                ? Refused.EINVAL
                : 0;
    }

    protected override ulong FindFlbs(ulong blob, ulong size)
    {
        byte[] page = new byte[PhysicalMemory.PageSize];
        if (!hasFlb || !Handover.Memory.TryRead(blob, page))
        {
            return 0;
        }

        try
        {
            return KhoFdt.Read(page).Root.Child(LuoFdtV1.LUO_FDT_FLB_NODE_NAME)?.NativeUInt64(LuoFdtV1.LUO_FDT_FLB_HEADER) ?? 0;
        }
        catch (KhoFormatException)
        {
            // The kernel panics over it when it takes the blob over.
            return 0;
        }
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
