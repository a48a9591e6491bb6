using System.Buffers.Binary;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho.Abi;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>Holds the emulated files of debugfs, sysfs and procfs. All other paths are the host's.</summary>
internal sealed class KernelFiles
{
    /// <summary>The folder that KHO makes (kernel/liveupdate/kexec_handover_debugfs.c).</summary>
    public const string KhoFolder = "/sys/kernel/debug/kho";

    private readonly Dictionary<string, KernelFileNode> _files = [];
    private readonly HashSet<string> _folders = [];
    private readonly HashSet<string> _missing = [];
    private readonly List<string> _ownFolders = [];

    /// <summary>Adds a file of sysfs or procfs whose text ends with a newline.</summary>
    public void AddText(string path, long fileSystem, Func<string> text) =>
        _files.Add(path, new MadeNode(() => text() + "\n") { FileSystemType = fileSystem });

    /// <summary>Adds a file of procfs that is read as it is.</summary>
    public void AddBytes(string path, byte[] content) =>
        _files.Add(path, new MadeNode(() => content) { FileSystemType = KernelFileNode.ProcFs });

    /// <summary>Adds a file.</summary>
    public void Add(string path, KernelFileNode node) => _files.Add(path, node);

    /// <summary>Adds a folder of which nothing is the host's.</summary>
    public void AddOwnFolder(string path)
    {
        AddFolders(path);
        _ownFolders.Add(path);
    }

    /// <summary>Hides a path of the host that this kernel does not have.</summary>
    public void AddMissing(string path) => _missing.Add(path);

    /// <summary>Adds KHO's folder, as debugfs has it after the boot.</summary>
    /// <param name="handover">KHO.</param>
    /// <param name="coldFdtSize">The length of <c>out/fdt</c>, fixed before the tree had any sub-tree but kexec-metadata.</param>
    /// <param name="finalization">Whether there is a file <c>out/finalize</c>, and what it does.</param>
    public void AddKho(KexecHandover handover, int coldFdtSize, KhoFinalization finalization)
    {
        AddFolders(KhoFolder, "out", "out/sub_fdts");
        AddKhoText("out/scratch_phys", () => Lines(handover.Scratch, static area => area.Address));
        AddKhoText("out/scratch_len", () => Lines(handover.Scratch, static area => area.Length));
        foreach ((string name, ulong address, int size) in handover.OutgoingSubtrees)
        {
            AddBlob("out/sub_fdts/" + name, handover, address, size);
        }

        if (finalization != KhoFinalization.None)
        {
            _files.Add(
                $"{KhoFolder}/out/finalize", new FinalizeNode(handover, this, finalization) { FileSystemType = KernelFileNode.DebugFs });
        }

        if (handover.IncomingFdt == 0)
        {
            if (finalization != KhoFinalization.ByHand)
            {
                AddBlob("out/fdt", handover, handover.OutgoingFdt, coldFdtSize);
            }

            return;
        }

        // kho_init returns before it makes out/fdt when it found a previous kernel's tree.
        AddFolders(KhoFolder, "in", "in/sub_fdts");
        if (TreeSize(handover.Memory, handover.IncomingFdt) is { } total)
        {
            AddBlob("in/fdt", handover, handover.IncomingFdt, (int)total);
        }

        foreach ((string? name, ulong address, ulong? size) in handover.IncomingSubtrees)
        {
            // A node of an old tree's version whose name is no path has none, and debugfs follows it all the same.
            string file = name ?? throw EmulatedKernelPanicException.PageFault(0);

            // "kho-v1" names no sizes: every blob is a device tree there, and shown as long as it says. Names that are none of a
            // file's are refused, as by lookup_noperm.
            if (file is not ("" or "." or "..") && !file.Contains('/')
                && (size ?? TreeSize(handover.Memory, address)) is { } bytes and <= int.MaxValue)
            {
                AddBlob("in/sub_fdts/" + file, handover, address, (int)bytes);
            }
        }
    }

    /// <summary>Tells whether a path is answered here, also when nothing is there.</summary>
    public bool Owns(string path) =>
        _files.ContainsKey(path) || _missing.Contains(path) || IsIn(KhoFolder, path) || _ownFolders.Exists(folder => IsIn(folder, path));

    /// <summary>Opens a file: 0 or <c>-errno</c>.</summary>
    public int Open(string path, int flags, out OpenFile? file)
    {
        file = null;
        if (_folders.Contains(path))
        {
            if ((flags & LibC.O_ACCMODE) != LibC.O_RDONLY || (flags & LibC.O_CREAT) != 0)
            {
                return Refused.EISDIR;
            }

            file = new FolderFile(path, flags);
            return 0;
        }

        if (!_files.TryGetValue(path, out KernelFileNode? node))
        {
            return (flags & LibC.O_CREAT) != 0 ? Refused.EPERM : Refused.ENOENT;
        }

        if ((flags & (LibC.O_CREAT | LibC.O_EXCL)) == (LibC.O_CREAT | LibC.O_EXCL))
        {
            return Refused.EEXIST;
        }

        if ((flags & LibC.O_DIRECTORY) != 0)
        {
            return Refused.ENOTDIR;
        }

        file = new BlobFile(path, node, flags & ~(LibC.O_CREAT | LibC.O_TRUNC | LibC.O_CLOEXEC));
        return 0;
    }

    /// <summary>Lists a folder: 0 or <c>-errno</c>.</summary>
    public int List(string path, out string[] names)
    {
        names = [];
        if (!_folders.Contains(path))
        {
            return _files.ContainsKey(path) ? Refused.ENOTDIR : Refused.ENOENT;
        }

        string prefix = path + "/";
        names =
        [
            .. _folders.Concat(_files.Keys)
                .Where(entry => entry.StartsWith(prefix, StringComparison.Ordinal) && !entry.AsSpan(prefix.Length).Contains('/'))
                .Select(entry => entry[prefix.Length..]),
        ];
        return 0;
    }

    /// <summary>Shows the own tree, as Linux 6.18 does once it is finalized.</summary>
    internal void ShowTree(KexecHandover handover) => AddBlob("out/fdt", handover, handover.OutgoingFdt, handover.OutgoingFdtSize);

    /// <summary>Hides the own tree.</summary>
    internal void HideTree() => _files.Remove($"{KhoFolder}/out/fdt");

    // fdt_totalsize(); null for what is no device tree any more.
    private static ulong? TreeSize(PhysicalMemory memory, ulong address)
    {
        Span<byte> header = stackalloc byte[KhoFdtHeader.Size];
        return memory.TryRead(address, header)
            ? Math.Min(BinaryPrimitives.ReadUInt32BigEndian(header[sizeof(uint)..]), int.MaxValue)
            : null;
    }

    private static string Lines(IReadOnlyList<KhoScratch> areas, Func<KhoScratch, ulong> value) =>
        string.Concat(areas.Select(area => $"0x{value(area):x}\n"));

    private static bool IsIn(string folder, string path) =>
        path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/');

    private void AddFolders(string parent, params ReadOnlySpan<string> names)
    {
        _folders.Add(parent);
        foreach (string name in names)
        {
            _folders.Add(parent + "/" + name);
        }
    }

    private void AddKhoText(string name, Func<string> text) =>
        _files.Add($"{KhoFolder}/{name}", new MadeNode(text) { FileSystemType = KernelFileNode.DebugFs });

    private void AddBlob(string name, KexecHandover handover, ulong address, int size) =>
        _files.TryAdd($"{KhoFolder}/{name}", new BlobNode(handover.Memory, address, size) { FileSystemType = KernelFileNode.DebugFs });
}
