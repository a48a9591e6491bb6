using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Holds what one kernel left to the next in memory, from the root tree down to the folios of files.</summary>
/// <param name="Tree">The root device tree.</param>
/// <param name="Preserved">The preserved pieces; read when they are enumerated.</param>
/// <param name="Metadata">The blob <c>kexec-metadata</c>; null when there is none.</param>
/// <param name="Luo">What the blob <c>LUO</c> says; null when there is none.</param>
/// <param name="Flbs">The file-lifecycle-bound objects. Linux 7.3 has those of CONFIG_LIVEUPDATE_TEST only.</param>
/// <param name="SessionBlocks">The physical addresses of the session blocks, in chain order; in "luo-v1" of the array.</param>
/// <param name="Sessions">The sessions, in the order of their creation.</param>
public sealed record Handover(
    KhoTree Tree,
    IPreservedMap Preserved,
    KexecMetadata? Metadata,
    LuoState? Luo,
    IReadOnlyList<LuoFlbSer> Flbs,
    IReadOnlyList<ulong> SessionBlocks,
    IReadOnlyList<HandoverSession> Sessions)
{
    /// <summary>Gets what could not be decoded; always empty where <see cref="HandoverReader.Read"/> returned.</summary>
    public IReadOnlyList<HandoverFault> Faults { get; init; } = [];

    /// <summary>Gets whether <see cref="Preserved"/> is the map that the kernel wrote. A kernel that was started with a handover frees
    /// the map's own pages: then the orders of folios are what their places in the file say.</summary>
    public bool IsMapSound { get; init; } = true;
}

/// <summary>Holds a session that was handed over.</summary>
/// <param name="Record">Its entry in a session block.</param>
/// <param name="FileBlocks">The physical addresses of its file blocks, in chain order.</param>
/// <param name="Files">The files, in the order of their preservation.</param>
public sealed record HandoverSession(LuoSessionSer Record, IReadOnlyList<ulong> FileBlocks, IReadOnlyList<HandoverFile> Files);

/// <summary>Holds a file that was handed over.</summary>
/// <param name="Record">Its entry in a file block.</param>
/// <param name="Memfd">What the handler of memfds wrote; null for a handler that is not known here.</param>
public sealed record HandoverFile(LuoFileSer Record, HandoverMemfd? Memfd)
{
    /// <summary>Gets what the handler of a posted, not merged kernel wrote; null for another one.</summary>
    public HandoverPreview? Preview { get; init; }
}

/// <summary>Holds the record of a handler that is posted for Linux and not merged.</summary>
/// <param name="Structure">The structure's name in the posting.</param>
/// <param name="Fields">Its numbers, by the names that the posting gives them.</param>
public sealed record HandoverPreview(string Structure, IReadOnlyList<KeyValuePair<string, ulong>> Fields);

/// <summary>Is a range of a file whose bytes lie in a row in memory.</summary>
/// <param name="Offset">The offset in the file, in bytes.</param>
/// <param name="Address">The physical address.</param>
/// <param name="Length">The bytes.</param>
public readonly record struct HandoverExtent(ulong Offset, ulong Address, ulong Length);

/// <summary>Holds the state of a memfd that was handed over.</summary>
/// <param name="Record">The file's state.</param>
/// <param name="Array">Where the array of folios lies.</param>
/// <param name="Folios">The folios, in the order of the array.</param>
public sealed record HandoverMemfd(MemfdLuoSer Record, KhoVmallocList Array, IReadOnlyList<HandoverFolio> Folios)
{
    /// <summary>Enumerates where the file's bytes lie, in the file's order; what has no preserved folio is left out.</summary>
    /// <remarks>The kernel writes folios in the file's order. One that begins before the end of another is left out too.</remarks>
    public IEnumerable<HandoverExtent> Extents()
    {
        var extent = default(HandoverExtent);
        foreach (HandoverFolio folio in Folios)
        {
            // Beyond what a file can have, an offset in bytes would wrap.
            if (folio.Order < 0 || folio.Record.Pfn == 0 || folio.Record.Index >= 1UL << (63 - KhoRadixTree.PageShift))
            {
                continue;
            }

            ulong offset = folio.Record.Index << KhoRadixTree.PageShift;
            ulong address = folio.Record.Pfn << KhoRadixTree.PageShift;
            if (offset < extent.Offset + extent.Length || offset >= Record.FileSize)
            {
                continue;
            }

            ulong length = Math.Min(Record.FileSize - offset, (ulong)KhoRadixTree.PageSize << folio.Order);
            if (extent.Length > 0 && extent.Offset + extent.Length == offset && extent.Address + extent.Length == address)
            {
                extent = extent with { Length = extent.Length + length };
                continue;
            }

            if (extent.Length > 0)
            {
                yield return extent;
            }

            extent = new HandoverExtent(offset, address, length);
        }

        if (extent.Length > 0)
        {
            yield return extent;
        }
    }

    /// <summary>Writes the file's bytes, folio by folio.</summary>
    /// <exception cref="KhoFormatException">
    /// <see cref="KhoFormatError.CountMismatch"/>: the folios do not cover the file one after the other, as every kernel
    /// writes them; <see cref="KhoFormatError.BadOrder"/>: a folio is not preserved; <see cref="KhoFormatError.Unreadable"/>.
    /// </exception>
    public void CopyTo(IPhysicalMemory memory, Stream destination)
    {
        const int Step = 1 << 16;
        byte[] buffer = new byte[Step];
        ulong left = Record.FileSize;
        ulong next = 0;
        foreach (HandoverFolio folio in Folios)
        {
            if (folio.Order < 0)
            {
                throw new KhoFormatException(KhoFormatError.BadOrder, $"The folio 0x{folio.Record.Pfn:x} is not preserved.", Errno.EIO);
            }

            if (folio.Record.Index != next)
            {
                throw new KhoFormatException(
                    KhoFormatError.CountMismatch, $"The folio of page {folio.Record.Index} comes where page {next} is due.");
            }

            ulong address = folio.Record.Pfn << KhoRadixTree.PageShift;
            ulong length = Math.Min(left, (ulong)KhoRadixTree.PageSize << folio.Order);
            for (ulong done = 0; done < length;)
            {
                Span<byte> part = buffer.AsSpan(0, (int)Math.Min(Step, length - done));
                if (!memory.TryRead(address + done, part))
                {
                    throw KhoFormatException.Unreadable(address + done, "folio");
                }

                destination.Write(part);
                done += (ulong)part.Length;
            }

            left -= length;
            next += 1UL << folio.Order;
        }

        if (left != 0)
        {
            throw new KhoFormatException(KhoFormatError.CountMismatch, $"The last {left} bytes of the file have no folio.");
        }
    }
}

/// <summary>Holds a folio of a memfd.</summary>
/// <param name="Record">Its entry in the array.</param>
/// <param name="Order">The order of the preserved piece that begins there; -1 when none does.</param>
public readonly record struct HandoverFolio(MemfdLuoFolioSer Record, int Order);
