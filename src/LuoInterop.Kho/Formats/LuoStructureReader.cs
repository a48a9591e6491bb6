using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Formats;

/// <summary>Reads "luo-v5": chains of blocks (Linux 7.2 and 7.3).</summary>
internal sealed class LuoStructureReader(IPhysicalMemory memory, LuoState state, PageRanges claims) : LuoReader
{
    public override LuoState State => state;

    public override IReadOnlyList<LuoSessionSer> ReadSessions(out IReadOnlyList<ulong> blocks, out KhoFormatException? fault)
    {
        KhoBlockChain<LuoSessionSer> chain = KhoBlockChain<LuoSessionSer>.ReadPart(memory, state.Sessions, claims, out fault);
        blocks = chain.Blocks;
        return chain.Entries;
    }

    public override IReadOnlyList<LuoFileSer> ReadFiles(
        LuoSessionSer session, out IReadOnlyList<ulong> blocks, out KhoFormatException? fault)
    {
        KhoBlockChain<LuoFileSer> chain = KhoBlockChain<LuoFileSer>.ReadPart(memory, session.Files, claims, out fault);
        if (fault is null && session.Files != 0 && (ulong)chain.Entries.Count != session.Count)
        {
            fault = new KhoFormatException(
                KhoFormatError.CountMismatch,
                $"The session {session.Name} says {session.Count} files, its blocks hold {chain.Entries.Count}.",
                Errno.EINVAL);
        }

        blocks = chain.Blocks;
        return chain.Entries;
    }
}
