using LuoInterop.Diagnosis.Machine;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis;

/// <summary>Holds one side of a kernel's handover: what it got, or what it will give.</summary>
/// <param name="Tree">The root tree.</param>
/// <param name="SubTrees">The names of the sub-trees, and the bytes of each.</param>
/// <param name="Metadata">What kernels tell each other of the chain of kexecs.</param>
/// <param name="Luo">The head of LUO's state.</param>
/// <param name="ReservedMemory">The memory of <c>reserve_mem=</c>.</param>
public sealed record KhoSide(
    KhoReading<KhoTree> Tree,
    KhoReading<IReadOnlyList<(string Name, KhoReading<byte[]> Bytes)>> SubTrees,
    KhoReading<KhoKexecMetadata> Metadata,
    KhoReading<LuoState> Luo,
    KhoReading<IReadOnlyList<KhoReservedMemory>> ReservedMemory);

/// <summary>Holds all that a kernel shows of Kexec HandOver, and what it takes of the machine's memory.</summary>
/// <remarks>Changes nothing. Immutable, and safe to share between threads. Needs root on a machine; a copied folder does not.</remarks>
public sealed class KhoOverview
{
    private KhoOverview(MachineFiles files)
    {
        var kho = new KhoDebugFs(files.Kernel, files.Path(DiagnosedMachine.KhoPath));
        Release = files.Text("/proc/sys/kernel/osrelease");
        CommandLine = files.Text("/proc/cmdline");
        MemoryInfo memory = MemoryInfo.Parse(files.Text("/proc/meminfo"));
        (MemoryTotal, CmaTotal, CmaFree) = (memory.Total, memory.CmaTotal, memory.CmaFree);
        In = ReadSide(kho, KhoDirection.In);
        Out = ReadSide(kho, KhoDirection.Out);
        Scratch = kho.ReadScratch();
        UsesLaterNames = Scratch.HasValue && files.Exists($"{DiagnosedMachine.KhoPath}/out/bootmem_phys");
        Chain = kho.ReadBootChain();
    }

    /// <summary>Gets the kernel's release, or null.</summary>
    public string? Release { get; }

    /// <summary>Gets the kernel's command line, or null.</summary>
    public string? CommandLine { get; }

    /// <summary>Gets what the kernel before handed over.</summary>
    public KhoSide In { get; }

    /// <summary>Gets what this kernel will hand over.</summary>
    public KhoSide Out { get; }

    /// <summary>Gets the areas that are kept for the next kernel.</summary>
    public KhoReading<IReadOnlyList<KhoScratchArea>> Scratch { get; }

    /// <summary>Gets whether the areas are called bootmem, as from Linux 7.4 on, and not scratch.</summary>
    public bool UsesLaterNames { get; }

    /// <summary>Gets how many kexecs this chain of kernels has seen.</summary>
    public KhoBootChain Chain { get; }

    /// <summary>Gets the machine's memory in bytes, or null.</summary>
    public ulong? MemoryTotal { get; }

    /// <summary>Gets CMA's total in bytes, in which KHO's areas are not counted, or null.</summary>
    public ulong? CmaTotal { get; }

    /// <summary>Gets what is free of CMA in bytes, in which KHO's areas are counted, or null.</summary>
    public ulong? CmaFree { get; }

    /// <summary>Reads a machine.</summary>
    /// <param name="root">The folder that holds the machine's files; <c>/</c> for this machine.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static KhoOverview Read(string root = "/")
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        return Directory.Exists(root)
            ? new KhoOverview(new MachineFiles(Kernel.Linux, root))
            : throw new DirectoryNotFoundException($"{root} is no folder");
    }

    private static KhoSide ReadSide(KhoDebugFs kho, KhoDirection direction) => new(
        kho.ReadTree(direction),
        kho.ReadSubTrees(direction),
        kho.ReadKexecMetadata(direction),
        kho.ReadLuo(direction),
        kho.ReadReservedMemory(direction));
}
