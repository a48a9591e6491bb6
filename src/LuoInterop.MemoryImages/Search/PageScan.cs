using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.MemoryImages.Search;

/// <summary>Collects by their look the pages and structures from which a handover can be read.</summary>
/// <remarks>What is collected is verified later. Its number is capped; memory that is not made up holds a few of each.</remarks>
internal sealed class PageScan
{
    private const int PageSize = MemoryImage.PageSize;
    private const int MostOfAKind = 64;
    private const int MostSessionBlocks = 1 << 20;
    private const int EntryHeader = 16;
    private const ulong TypeAndLength = KhoSetupData.SETUP_KEXEC_KHO | ((ulong)KhoSetupData.Size << 32);
    private const ulong MostFiles = 630_000;

    /// <summary>Bytes that are looked at behind those of a piece of memory: what begins in it may end there.</summary>
    public const int LookAhead = EntryHeader + KhoSetupData.Size;

    private readonly byte[] _pattern = BitConverter.GetBytes(TypeAndLength);

    public List<ulong> Trees { get; } = [];

    public List<KhoSetupData> Setups { get; } = [];

    /// <summary>Gets session blocks, each with the one that it links.</summary>
    public Dictionary<ulong, ulong> SessionBlocks { get; } = [];

    public List<FoundKernel> Kernels { get; } = [];

    public bool IsComplete { get; private set; } = true;

    /// <summary>Looks at whole pages in a row.</summary>
    /// <param name="address">The first one's address.</param>
    /// <param name="bytes">The pages.</param>
    /// <param name="ahead">Bytes that follow them, at most <see cref="LookAhead"/>.</param>
    public void Look(ulong address, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> ahead)
    {
        for (int at = 0; at + PageSize <= bytes.Length; at += PageSize)
        {
            LookAtPage(address + (ulong)at, bytes.Slice(at, PageSize));
        }

        FindSetups(bytes);
        if (ahead.Length > 0)
        {
            // What lies across the border.
            Span<byte> border = stackalloc byte[2 * LookAhead];
            int kept = Math.Min(bytes.Length, LookAhead - 1);
            bytes[^kept..].CopyTo(border);
            ahead.CopyTo(border[kept..]);
            FindSetups(border[..(kept + ahead.Length)]);
        }
    }

    /// <summary>Gives the blocks that no other one links.</summary>
    public IEnumerable<ulong> SessionHeads()
    {
        var linked = new HashSet<ulong>(SessionBlocks.Values);
        return SessionBlocks.Keys.Where(block => !linked.Contains(block)).Order();
    }

    private void LookAtPage(ulong address, ReadOnlySpan<byte> page)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(page) == KhoFdtHeader.FDT_MAGIC)
        {
            if (IsRootTree(page))
            {
                Add(Trees, address);
            }
        }
        else if (page.StartsWith("OSRELEASE="u8))
        {
            Add(Kernels, new FoundKernel(address, VmCoreInfo.Parse(page)));
        }
        else if (IsSessionBlock(page))
        {
            if (SessionBlocks.Count < MostSessionBlocks)
            {
                SessionBlocks.Add(address, KhoBlockHeaderSer.Read(page).Next);
            }
            else
            {
                IsComplete = false;
            }
        }
    }

    private void FindSetups(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; bytes[at..].IndexOf(_pattern) is var found and >= 0; at += found + 1)
        {
            int data = at + found + sizeof(ulong);
            if (data + KhoSetupData.Size > bytes.Length)
            {
                return;
            }

            KhoSetupData setup = KhoSetupData.Read(bytes[data..]);
            if (setup.FdtAddress != 0 && setup.FdtAddress % PageSize == 0 && setup.FdtSize == KhoRootFdt.PageSize
                && setup.ScratchSize is not 0 && setup.ScratchSize % KhoScratch.Size == 0
                && setup.ScratchSize / KhoScratch.Size <= KhoSetupData.MaxScratchAreas && !Setups.Contains(setup))
            {
                Add(Setups, setup);
            }
        }
    }

    private static bool IsRootTree(ReadOnlySpan<byte> page)
    {
        try
        {
            return KhoFdt.Read(page).Root.FirstString("compatible")?.StartsWith("kho-v", StringComparison.Ordinal) == true;
        }
        catch (KhoFormatException)
        {
            return false;
        }
    }

    // Names that are text and padded with zeros; and files exactly where the session has some.
    private static bool IsSessionBlock(ReadOnlySpan<byte> page)
    {
        KhoBlockHeaderSer header = KhoBlockHeaderSer.Read(page);
        if (header.Count is 0 or > LuoSessionSer.PerBlock || header.Next % PageSize != 0)
        {
            return false;
        }

        for (int i = 0; i < (int)header.Count; i++)
        {
            ReadOnlySpan<byte> entry = page.Slice(KhoBlockHeaderSer.Size + (i * LuoSessionSer.Size), LuoSessionSer.Size);
            ReadOnlySpan<byte> name = entry[..LuoSessionSer.LIVEUPDATE_SESSION_NAME_LENGTH];
            int length = name.IndexOf((byte)0);
            LuoSessionSer record = LuoSessionSer.Read(entry);
            if (length <= 0 || name[..length].ContainsAnyInRange((byte)0, (byte)31) || name[length..].ContainsAnyExcept((byte)0)
                || record.Files % PageSize != 0 || (record.Files == 0) != (record.Count == 0) || record.Count > MostFiles)
            {
                return false;
            }
        }

        return true;
    }

    private void Add<T>(List<T> found, T one)
    {
        if (found.Count < MostOfAKind)
        {
            found.Add(one);
        }
        else
        {
            IsComplete = false;
        }
    }
}
