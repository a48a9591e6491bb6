using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Luo;

/// <summary>LUO's state as "luo-v5": a structure, and chains of blocks (Linux 7.2 and 7.3).</summary>
internal sealed class LuoStructure(KexecHandover handover) : LuoFormat(handover)
{
    private readonly KhoBlockSet _sessions = new(handover, LuoSessionSer.Size);
    private KhoBlockChain<LuoSessionSer>? _incoming;
    private ulong _number;
    private ulong _blob;

    public override EntrySet Sessions => _sessions;

    public override EntrySet CreateFiles() => new KhoBlockSet(Handover, LuoFileSer.Size);

    public override IEnumerable<LuoSessionSer> TakeSessions()
    {
        if (_incoming is not { } chain)
        {
            yield break;
        }

        _incoming = null;
        try
        {
            foreach (LuoSessionSer session in chain.Entries)
            {
                yield return session;
            }
        }
        finally
        {
            Free(chain.Blocks);
        }
    }

    public override int TakeFiles(LuoSessionSer session, out IEnumerable<LuoFileSer> files)
    {
        int error = TryRead(session.Files, out KhoBlockChain<LuoFileSer>? chain);
        files = chain?.Entries ?? [];
        if (chain is null)
        {
            return error;
        }

        // The kernel keeps the blocks of a good set until it is finished; no one can see the difference in memory's use.
        Free(chain.Blocks);
        return (ulong)chain.Entries.Count == session.Count ? 0 : Refused.EINVAL;
    }

    public override bool SetUp(ulong number)
    {
        // The page of file-lifecycle-bound objects is there even where no handler has one.
        if (!AddFlbs())
        {
            return false;
        }

        Span<byte> blob = stackalloc byte[LuoSer.Size];
        _number = number;
        Ser(sessions: 0).Write(blob);
        _blob = AddBlob(blob);
        if (_blob == 0)
        {
            Handover.UnpreserveFree(OutgoingFlbs);
        }

        return _blob != 0;
    }

    public override void Publish(int sessions) =>
        Ser(sessions == 0 ? 0 : _sessions.Head).Write(Handover.Memory.Structure(_blob, LuoSer.Size));

    protected override int Retrieve(ulong address, ulong size, out ulong number)
    {
        number = 0;
        if (size < LuoSer.Size)
        {
            return Refused.EINVAL;
        }

        LuoSer ser = LuoSer.Read(Handover.Memory.Structure(address, LuoSer.Size));
        if (ser.Compatible != LuoSer.LUO_ABI_COMPATIBLE)
        {
            return Refused.EINVAL;
        }

        number = ser.LiveupdateNum;
        int error = ser.SessionsPa == 0 ? 0 : TryRead(ser.SessionsPa, out _incoming);

        // Freed here, long before debugfs maps it: in/sub_fdts/LUO shows another page's bytes.
        Handover.RestoreFree(address);
        return error;
    }

    protected override ulong FindFlbs(ulong blob, ulong size)
    {
        Span<byte> bytes = stackalloc byte[LuoSer.Size];
        if (size < LuoSer.Size || !Handover.Memory.TryRead(blob, bytes))
        {
            return 0;
        }

        LuoSer ser = LuoSer.Read(bytes);
        return ser.Compatible == LuoSer.LUO_ABI_COMPATIBLE ? ser.FlbsPa : 0;
    }

    private LuoSer Ser(ulong sessions) => new(LuoSer.LUO_ABI_COMPATIBLE, _number, sessions, OutgoingFlbs);

    private int TryRead<T>(ulong head, out KhoBlockChain<T>? chain)
        where T : struct, IKhoSer<T>
    {
        chain = null;
        try
        {
            KhoBlockChain<T> read = KhoBlockChain<T>.Read(Handover.Memory, head);

            // kho_block_add: an object for each block.
            if (read.Blocks.Any(_ => !Handover.Frames.TryAllocateSmall()))
            {
                Free(read.Blocks);
                return Refused.ENOMEM;
            }

            chain = read;
            return 0;
        }
        catch (KhoFormatException broken) when (broken.Errno != Errno.None)
        {
            return -(int)broken.Errno;
        }
        catch (KhoFormatException broken)
        {
            throw new EmulatedKernelPanicException($"BUG: unable to handle page fault. {broken.Message}");
        }
    }

    private void Free(IReadOnlyList<ulong> blocks)
    {
        foreach (ulong block in blocks)
        {
            Handover.RestoreFree(block);
        }
    }
}
