using System.Globalization;
using System.Text;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Reads what a kernel shows of Kexec HandOver in debugfs.</summary>
/// <remarks>
/// <para>Reads only; nothing is changed or kept open. Every method answers with a <see cref="KhoReading{T}"/>: the known gaps of
/// this interface are states, not exceptions. Files are untrusted, read up to <see cref="MaxFileBytes"/>, and decoded with
/// bounds. Safe for use from several threads at once.</para>
/// <para>Needs a kernel with <c>CONFIG_KEXEC_HANDOVER_DEBUGFS</c> that was booted with <c>kho=on</c>, debugfs mounted, and
/// root. The folder exists since Linux 6.16; the formats of Linux 6.16 to 7.3 are known, and the names that 7.4 gives to scratch
/// areas. Layout: <c>kernel/liveupdate/kexec_handover_debugfs.c</c>.</para>
/// </remarks>
public sealed class KhoDebugFs
{
    /// <summary>The most bytes that are read of a file: 1 MiB. The kernel's own files are one page or less.</summary>
    public const int MaxFileBytes = 1 << 20;

    private readonly KhoDebugFsFolder _folder;

    /// <summary>Initializes a reader; nothing is opened yet.</summary>
    /// <param name="kernel">The kernel to ask. Not owned.</param>
    /// <param name="root">The folder <c>kho</c> of debugfs.</param>
    public KhoDebugFs(Kernel kernel, string root = "/sys/kernel/debug/kho")
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentException.ThrowIfNullOrEmpty(root);
        _folder = new KhoDebugFsFolder(kernel, root);
    }

    /// <summary>Gets the folder that is read.</summary>
    public string Root => _folder.Root;

    /// <summary>Reads the root device tree, <c>in/fdt</c> or <c>out/fdt</c>.</summary>
    /// <remarks>
    /// Linux 7.1 to 7.3 show the outgoing tree on a cold boot only, with the length that it had before the last sub-trees
    /// were added: the names of properties are cut off, and the reading is <see cref="KhoState.Truncated"/> with a tree that
    /// names the sub-trees, but often neither its format nor their addresses. <see cref="ListSubTrees"/> is reliable.
    /// </remarks>
    /// <param name="direction">Which tree.</param>
    public KhoReading<KhoTree> ReadTree(KhoDirection direction) =>
        _folder.Read(direction, "fdt").Then(static bytes => KhoTreeDecoder.Decode(bytes));

    /// <summary>Lists the names of the blobs in <c>in/sub_fdts</c> or <c>out/sub_fdts</c>, sorted.</summary>
    /// <param name="direction">Which side.</param>
    public KhoReading<IReadOnlyList<string>> ListSubTrees(KhoDirection direction) => _folder.List(direction, "sub_fdts");

    /// <summary>Reads all blobs in <c>in/sub_fdts</c> or <c>out/sub_fdts</c>, sorted by name; each may be unreadable by itself.</summary>
    /// <param name="direction">Which side.</param>
    public KhoReading<IReadOnlyList<(string Name, KhoReading<byte[]> Bytes)>> ReadSubTrees(KhoDirection direction) =>
        ListSubTrees(direction).Then(names => KhoReading<IReadOnlyList<(string Name, KhoReading<byte[]> Bytes)>>.Present(
            [.. names.Select(name => (name, ReadSubTree(direction, name)))]));

    /// <summary>Reads the bytes of a blob in <c>in/sub_fdts</c> or <c>out/sub_fdts</c>, whatever they are.</summary>
    /// <remarks><c>in/sub_fdts/LUO</c> may show foreign memory: see <see cref="ReadLuo"/>.</remarks>
    /// <param name="direction">Which side.</param>
    /// <param name="name">The sub-tree's name.</param>
    /// <exception cref="ArgumentException">The name is not that of a file in one folder.</exception>
    public KhoReading<byte[]> ReadSubTree(KhoDirection direction, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name is "." or ".." || name.AsSpan().ContainsAny('/', '\0'))
        {
            throw new ArgumentException("A sub-tree's name has no slash and no NUL, and is not a dot or two.", nameof(name));
        }

        return _folder.Read(direction, $"sub_fdts/{name}");
    }

    /// <summary>Reads the scratch areas of this kernel: low memory, global, then one for each memory node.</summary>
    /// <remarks>Their files are called <c>out/scratch_phys</c> and <c>out/scratch_len</c>, from Linux 7.4 on <c>out/bootmem_phys</c> and
    /// <c>out/bootmem_len</c>.</remarks>
    public KhoReading<IReadOnlyList<KhoScratchArea>> ReadScratch()
    {
        KhoReading<IReadOnlyList<KhoScratchArea>> areas = ReadAreas("scratch");
        return areas.State == KhoState.Absent && ReadAreas("bootmem") is { State: not KhoState.Absent } renamed ? renamed : areas;
    }

    /// <summary>Reads the memory that <c>reserve_mem=</c> keeps across kexecs, by the names that the command line gives it.</summary>
    /// <remarks>Since Linux 6.16. Source: <c>include/linux/kho/abi/memblock.h</c>.</remarks>
    /// <param name="direction">Which side.</param>
    public KhoReading<IReadOnlyList<KhoReservedMemory>> ReadReservedMemory(KhoDirection direction) =>
        ReadSubTree(direction, ReservedMemoryDecoder.MEMBLOCK_KHO_FDT).Then(ReservedMemoryDecoder.Decode);

    /// <summary>Reads the release and the count of kexecs that kernels hand on. Since Linux 7.1.</summary>
    /// <param name="direction">Which side; the outgoing one exists on every kernel since 7.1, the incoming one after a handover.</param>
    public KhoReading<KhoKexecMetadata> ReadKexecMetadata(KhoDirection direction) =>
        ReadSubTree(direction, KexecMetadata.KHO_METADATA_NODE_NAME).Then(DecodeMetadata);

    /// <summary>Reads the head of the Live Update Orchestrator's state. Since Linux 6.19.</summary>
    /// <remarks>
    /// The outgoing head is reliable. The incoming one is not since Linux 7.2: the kernel frees that page before it shows the
    /// file, so that it shows whatever the page holds now. Bytes that are no such head are named <see cref="KhoState.Stale"/>.
    /// Bytes that still look right are <see cref="KhoState.Present"/> with a caution in <see cref="KhoReading{T}.Detail"/>;
    /// use them for nothing but display, and take numbers from the outgoing head or <see cref="ReadBootChain"/>.
    /// </remarks>
    /// <param name="direction">Which side.</param>
    public KhoReading<LuoState> ReadLuo(KhoDirection direction) =>
        ReadSubTree(direction, LuoSer.LUO_KHO_ENTRY_NAME).Then(bytes => LuoStateDecoder.Decode(bytes, direction));

    /// <summary>Tells how many live updates and kexecs this chain of kernels has seen.</summary>
    /// <remarks>
    /// Both numbers are taken from the outgoing side, which is reliable on cold boots and after handovers alike, and which
    /// holds one more than has happened.
    /// </remarks>
    public KhoBootChain ReadBootChain() => new(
        ReadLuo(KhoDirection.Out).Then(static luo => KhoReading<ulong>.Present(luo.LiveUpdateNumber - 1)),
        ReadKexecMetadata(KhoDirection.Out).Then(static metadata => KhoReading<uint>.Present(unchecked(metadata.KexecCount - 1))),
        ReadKexecMetadata(KhoDirection.In).TryGetValue(out KhoKexecMetadata? previous) ? previous.Release : null);

    private KhoReading<IReadOnlyList<KhoScratchArea>> ReadAreas(string name) =>
        _folder.Read(KhoDirection.Out, $"{name}_phys").Then(addresses =>
            _folder.Read(KhoDirection.Out, $"{name}_len").Then(lengths => DecodeScratch(addresses, lengths, name)));

    // The kernel's own checks, in its order: kho_in_kexec_metadata of kernel/liveupdate/kexec_handover.c.
    private static KhoReading<KhoKexecMetadata> DecodeMetadata(byte[] bytes)
    {
        if (bytes.Length < sizeof(uint))
        {
            return KhoReading<KhoKexecMetadata>.Unusable(
                KhoState.Truncated, $"kexec-metadata has {bytes.Length} bytes; its version alone has {sizeof(uint)}.");
        }

        uint version = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (version != KexecMetadata.KHO_KEXEC_METADATA_VERSION)
        {
            return KhoReading<KhoKexecMetadata>.Unknown(
                $"version {version}", $"kexec-metadata has version {version}; {KexecMetadata.KHO_KEXEC_METADATA_VERSION} is known here.");
        }

        if (bytes.Length < KexecMetadata.Size)
        {
            return KhoReading<KhoKexecMetadata>.Unusable(
                KhoState.Truncated, $"kexec-metadata has {bytes.Length} bytes; version {version} has {KexecMetadata.Size}.");
        }

        KexecMetadata metadata = KexecMetadata.Read(bytes);
        return KhoReading<KhoKexecMetadata>.Present(new KhoKexecMetadata(metadata.PreviousRelease, metadata.KexecCount));
    }

    internal static KhoReading<IReadOnlyList<KhoScratchArea>> DecodeScratch(
        byte[] addressBytes, byte[] lengthBytes, string name = "scratch")
    {
        List<ulong>? addresses = ReadNumbers(addressBytes);
        List<ulong>? lengths = ReadNumbers(lengthBytes);
        if (addresses is null || lengths is null)
        {
            return KhoReading<IReadOnlyList<KhoScratchArea>>.Unusable(
                KhoState.Malformed,
                $"out/{name}_phys and out/{name}_len hold one hexadecimal number (0x...) per line; this is something else.");
        }

        if (addresses.Count != lengths.Count)
        {
            return KhoReading<IReadOnlyList<KhoScratchArea>>.Unusable(
                KhoState.Malformed, $"out/{name}_phys has {addresses.Count} lines and out/{name}_len {lengths.Count}.");
        }

        return KhoReading<IReadOnlyList<KhoScratchArea>>.Present(
            [.. addresses.Zip(lengths, static (address, length) => new KhoScratchArea(address, length))]);
    }

    private static List<ulong>? ReadNumbers(byte[] bytes)
    {
        var numbers = new List<ulong>();
        foreach (ReadOnlySpan<char> line in Encoding.Latin1.GetString(bytes).AsSpan().EnumerateLines())
        {
            if (line.IsEmpty)
            {
                continue;
            }

            if (!line.StartsWith("0x", StringComparison.Ordinal)
                || !ulong.TryParse(line[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number))
            {
                return null;
            }

            numbers.Add(number);
        }

        return numbers;
    }
}
