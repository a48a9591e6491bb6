using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Formats;

/// <summary>Reads "luo-v1": a device tree, and arrays in one folio each (Linux 6.19 to 7.1).</summary>
internal sealed class LuoTreeReader : LuoReader
{
    private readonly IPhysicalMemory _memory;
    private readonly PageRanges _claims;

    public LuoTreeReader(IPhysicalMemory memory, byte[] blob, PageRanges claims)
    {
        _memory = memory;
        _claims = claims;
        KhoFdt fdt = KhoFdt.Read(blob);
        string? compatible = fdt.Root.FirstString("compatible");
        if (compatible != LuoFdtV1.LUO_FDT_COMPATIBLE)
        {
            throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion, "LUO's tree has another format than luo-v1, which is known here.", Errno.EINVAL);
        }

        LuoFdtV1 head = LuoFdtV1.Read(fdt);
        State = new LuoState(compatible, head.LiveupdateNum, head.SessionHeader ?? 0, head.FlbHeader ?? 0);
    }

    /// <summary>Gets the bytes with which a blob of this form begins.</summary>
    public static ReadOnlySpan<byte> Magic => [0xd0, 0x0d, 0xfe, 0xed];

    public override LuoState State { get; }

    public override IReadOnlyList<LuoSessionSer> ReadSessions(out IReadOnlyList<ulong> blocks, out KhoFormatException? fault)
    {
        blocks = [];
        fault = null;
        if (State.Sessions == 0)
        {
            return [];
        }

        Span<byte> header = stackalloc byte[LuoSessionHeaderSer.Size];
        if (!_memory.TryRead(State.Sessions, header))
        {
            fault = KhoFormatException.Unreadable(State.Sessions, "session header");
            return [];
        }

        ulong count = LuoSessionHeaderSer.Read(header).Count;
        return ReadArray<LuoSessionSer>(
            State.Sessions, LuoSessionHeaderSer.Size, LuoSessionHeaderSer.LUO_SESSION_PGCNT, count,
            LuoSessionHeaderSer.LUO_SESSION_MAX, "sessions", ref blocks, ref fault);
    }

    public override IReadOnlyList<LuoFileSer> ReadFiles(
        LuoSessionSer session, out IReadOnlyList<ulong> blocks, out KhoFormatException? fault)
    {
        blocks = [];
        fault = null;
        return session.Files == 0
            ? []
            : ReadArray<LuoFileSer>(
                session.Files, 0, LuoFileSer.LUO_FILE_PGCNT, session.Count, LuoFileSer.LUO_FILE_MAX, "files", ref blocks, ref fault);
    }

    // The kernel believes the count. No kernel writes more entries than the folio has room for.
    private List<T> ReadArray<T>(
        ulong address, int offset, int pages, ulong count, int most, string what, ref IReadOnlyList<ulong> blocks,
        ref KhoFormatException? fault)
        where T : struct, IKhoSer<T>
    {
        var entries = new List<T>();
        if (count > (ulong)most)
        {
            fault = new KhoFormatException(KhoFormatError.BadCount, $"The array says {count} {what}; {most} are possible.");
            return entries;
        }

        if (address % KhoRadixTree.PageSize != 0)
        {
            fault = new KhoFormatException(KhoFormatError.BadLayout, $"The array of {what} at 0x{address:x} does not begin a page.");
            return entries;
        }

        if (!_claims.TryAdd(address >> KhoRadixTree.PageShift, (ulong)pages))
        {
            fault = new KhoFormatException(KhoFormatError.Cycle, $"The array of {what} at 0x{address:x} belongs to something else.");
            return entries;
        }

        blocks = [address];
        Span<byte> entry = stackalloc byte[T.SerSize];
        for (ulong i = 0; i < count; i++)
        {
            ulong place = address + (ulong)offset + (i * (ulong)T.SerSize);
            if (!_memory.TryRead(place, entry))
            {
                fault = KhoFormatException.Unreadable(place, $"array of {what}");
                break;
            }

            entries.Add(T.Read(entry));
        }

        return entries;
    }
}
