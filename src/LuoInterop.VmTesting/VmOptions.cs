
namespace LuoInterop.VmTesting;

/// <summary>Names how QEMU runs the guest's processors.</summary>
public enum VmAccelerator
{
    /// <summary>KVM where it really boots this kernel (tried once with a time limit, then remembered), TCG otherwise.</summary>
    Auto,

    /// <summary>The host's KVM.</summary>
    Kvm,

    /// <summary>QEMU's own translation: works everywhere, slower.</summary>
    Tcg,
}

/// <summary>Names where a line of output comes from.</summary>
public enum VmOutputSource
{
    /// <summary>The kernel's console.</summary>
    Console,

    /// <summary>The payload's standard output.</summary>
    StandardOutput,

    /// <summary>The payload's standard error.</summary>
    StandardError,

    /// <summary>QEMU itself.</summary>
    Qemu,
}

/// <summary>Is one line of live output.</summary>
/// <param name="Source">Where the line comes from.</param>
/// <param name="Text">The line, without its end.</param>
public readonly record struct VmOutputLine(VmOutputSource Source, string Text);

/// <summary>Tells which processes and folder belong to a VM that has just started.</summary>
/// <param name="QemuProcessId">QEMU's process id.</param>
/// <param name="SupervisorProcessId">The process id of QEMU's supervisor, which ends QEMU when the host process ends.</param>
/// <param name="RunFolder">The folder of this run; removed at the end unless it is kept.</param>
public readonly record struct VmProcess(int QemuProcessId, int SupervisorProcessId, string RunFolder);

/// <summary>Says what to run in a VM, and with what limits.</summary>
public sealed record VmOptions
{
    /// <summary>Gives the kernel to boot.</summary>
    public required KernelBuild Kernel { get; init; }

    /// <summary>Gives the kernels of stage 2, 3 and so on; empty, every kexec leads to <see cref="Kernel"/> again.</summary>
    /// <remarks>The payload finds each as <see cref="Guest.NextKernelImagePath"/> in the stage before it.</remarks>
    public IReadOnlyList<KernelBuild> NextKernels { get; init; } = [];

    /// <summary>Gives the payload's command and arguments, as in <c>["dotnet", "/path/app.dll"]</c>; found on the guest's PATH.</summary>
    /// <remarks>Every stage runs the same command; the payload asks <see cref="Guest.Stage"/> which kernel it is in.</remarks>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Gives the payload's working folder, a folder of the host; the current one by default.</summary>
    public string WorkingFolder { get; init; } = System.Environment.CurrentDirectory;

    /// <summary>Gives variables of the payload's environment, over the harness's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Gives files that the payload finds in <c>/run/luo/files</c>: name there, path on the host.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Gives host folders beneath /tmp, /run or /dev/shm that the guest must see, read-only,
    /// through its own tmpfs there.</summary>
    /// <remarks>The working folder, and folders named by absolute paths in <see cref="Command"/>, are shown without being listed.</remarks>
    public IReadOnlyList<string> ShownFolders { get; init; } = [];

    /// <summary>Gives files of the host that every kernel has in its initial root, in memory, by absolute paths without symbolic
    /// links.</summary>
    /// <remarks>
    /// The guest sees them at their own paths, as all else of the host's root, which is slow: a program that must start quickly
    /// belongs here, with its shared libraries. All are executable. At most 64.
    /// </remarks>
    public IReadOnlyList<string> FilesInMemory { get; init; } = [];

    /// <summary>Gives a root with systemd, which then is PID 1 of every kernel and runs <see cref="Command"/> as a service; null starts
    /// from the host's own root, without it.</summary>
    /// <remarks>
    /// The run has its own copy of the root, whose changes live through its kexecs. The host's root is seen at <c>/host</c>, read-only;
    /// the working folder, and folders named in <see cref="Command"/>, at their own paths too. Needs root on the host, and the kernel's
    /// ports and file systems as any run. <see cref="FilesInMemory"/> cannot be used with it.
    /// </remarks>
    public SystemdRoot? Root { get; init; }

    /// <summary>Gives files that this run's copy of <see cref="Root"/> has: absolute path there, content in UTF-8; such as units.</summary>
    /// <remarks>Each is readable by all, and not executable. Not beneath /usr, which all runs share.</remarks>
    public IReadOnlyDictionary<string, string> RootFiles { get; init; } = new Dictionary<string, string>();

    /// <summary>Gives the guest's memory in MiB.</summary>
    public int MemoryMiB { get; init; } = 2048;

    /// <summary>Gives the path of a file that QEMU makes and that holds the guest's memory, during the run and after it;
    /// null for none.</summary>
    /// <remarks>
    /// The offset of a byte in the file is its physical address; from 640 KiB to 1 MiB the guest sees devices and firmware
    /// instead. More memory than <see cref="MaxMemoryImageMiB"/> is refused, because a part of it would have its addresses
    /// above 4 GiB. The file must not exist; it is sparse, and the caller's to delete.
    /// </remarks>
    public string? MemoryImage { get; init; }

    /// <summary>The most memory in MiB of a guest with a <see cref="MemoryImage"/>: 2 GiB,
    /// below which every PC of QEMU has no hole.</summary>
    /// <remarks>Source: <c>hw/i386/pc_piix.c</c> and <c>hw/i386/pc_q35.c</c> of QEMU, max_ram_below_4g.</remarks>
    public const int MaxMemoryImageMiB = 2048;

    /// <summary>Gives the number of the guest's processors.</summary>
    public int Cpus { get; init; } = 2;

    /// <summary>Gives how many kernels the run must see: 1 without a kexec, 2 with one.</summary>
    public int ExpectedKernels { get; init; } = 1;

    /// <summary>Limits the whole run.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Limits each kernel, from its start until the next kernel's announcement or the payload's end.</summary>
    public TimeSpan KernelTimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Limits how long QEMU may go on once nothing more is expected of it: after the payload's end, or a panic.</summary>
    public TimeSpan PowerOffTimeLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Gives words that are added to the first kernel's command line.</summary>
    public IReadOnlyList<string> KernelCommandLine { get; init; } = [];

    /// <summary>Says whether the kernel gets <c>liveupdate=on</c>, without which there is no /dev/liveupdate.</summary>
    public bool LiveUpdate { get; init; } = true;

    /// <summary>Switches KHO on or off on the command line; null leaves it to the kernel's configuration.</summary>
    public bool? KexecHandover { get; init; }

    /// <summary>Says whether a warning of the kernel (WARN, oops, stall) on its console fails the run.</summary>
    public bool KernelWarningsFail { get; init; }

    /// <summary>Gives QEMU's program, a name on the PATH or a path.</summary>
    public string Qemu { get; init; } = "qemu-system-x86_64";

    /// <summary>Chooses the accelerator.</summary>
    public VmAccelerator Accelerator { get; init; }

    /// <summary>Gives QEMU's processor model, such as <c>EPYC,+svm,+npt</c> for KVM inside the guest;
    /// null takes the accelerator's best.</summary>
    public string? CpuModel { get; init; }

    /// <summary>Gives further arguments for QEMU.</summary>
    public IReadOnlyList<string> QemuArguments { get; init; } = [];

    /// <summary>Receives every line of output as it comes; called from one thread at a time, never after the run has returned.</summary>
    public Action<VmOutputLine>? Output { get; init; }

    /// <summary>Receives the processes of the VM once QEMU runs.</summary>
    public Action<VmProcess>? Started { get; init; }

    /// <summary>Limits the bytes of all files that the payload sends, which are held in memory.</summary>
    public long MaxFileBytes { get; init; } = 256L << 20;

    /// <summary>Gives the folder in which the run's own folder is made; the system's temporary folder by default.</summary>
    public string? TempFolder { get; init; }

    /// <summary>Keeps the run's folder, with console.log, payload.log and the files sent, as evidence.</summary>
    public bool KeepFolder { get; init; }

    /// <summary>Gives the cache, instead of $LUO_CACHE, $XDG_CACHE_HOME/luointerop or ~/.cache/luointerop.</summary>
    public string? CacheFolder { get; init; }
}
