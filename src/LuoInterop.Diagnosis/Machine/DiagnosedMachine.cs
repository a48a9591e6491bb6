using LuoInterop.KernelImages;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Holds what checks ask of a machine; each fact is looked up once.</summary>
/// <remarks>Not for several threads at once.</remarks>
internal sealed class DiagnosedMachine
{
    private readonly Lazy<ProcessFiles> _processes;
    private readonly Lazy<IReadOnlyList<MemoryFile>> _memoryFiles;
    private readonly Lazy<MemoryInfo> _memory;
    private readonly Lazy<IReadOnlyList<string>?> _log;
    private readonly Lazy<KhoReading<IReadOnlyList<KhoScratchArea>>> _scratch;

    private DiagnosedMachine(MachineFiles files, KernelUnderTest kernel)
    {
        Files = files;
        Kernel = kernel;
        Accounts = new Accounts(files);
        CommandLine = files.Text("/proc/cmdline");
        Parameters = KernelParameter.Read(CommandLine ?? "");
        Kho = new KhoDebugFs(files.Kernel, files.Path(KhoPath));
        _processes = new(() => ProcessFiles.Read(files, Accounts));
        _memoryFiles = new(() => MemoryFile.Read(files, Processes.Memory));
        _memory = new(() => MemoryInfo.Parse(files.Text("/proc/meminfo")));
        _log = new(() => KernelLog.Read(files));
        _scratch = new(Kho.ReadScratch);
    }

    public const string KhoPath = "/sys/kernel/debug/kho";

    public MachineFiles Files { get; }

    /// <summary>Gets the kernel that is judged.</summary>
    public KernelUnderTest Kernel { get; }

    /// <summary>Gets whether another kernel than the one that runs is judged: then what runs says nothing of it.</summary>
    public bool IsOfImage => Kernel.Image is not null;

    public Accounts Accounts { get; }

    /// <summary>Gets the command line; null where it is not shown.</summary>
    public string? CommandLine { get; }

    public IReadOnlyList<KernelParameter> Parameters { get; }

    public KhoDebugFs Kho { get; }

    public ProcessFiles Processes => _processes.Value;

    public IReadOnlyList<MemoryFile> MemoryFiles => _memoryFiles.Value;

    public MemoryInfo Memory => _memory.Value;

    /// <summary>Gets the kernel's messages of live update; null where they cannot be read.</summary>
    public IReadOnlyList<string>? Log => _log.Value;

    public KhoReading<IReadOnlyList<KhoScratchArea>> Scratch => _scratch.Value;

    /// <summary>Gets whether KHO is on in the kernel that runs, null where that cannot be seen, and the sentence that says why.</summary>
    public (bool? IsOn, string Why) KhoSwitch
    {
        get
        {
            Errno error = Files.List(KhoPath, out string[] sides);
            return error == Errno.None
                ? sides.Contains("out")
                    ? (true, $"{KhoPath}/out is there.")
                    : (false, $"{KhoPath} has no folder out: KHO did not start.")
                : Files.Exists(ProcessFiles.DevicePath) ? (true, $"{ProcessFiles.DevicePath} is there.")
                : Kernel is { Image: null } && Kernel.Has("CONFIG_KEXEC_HANDOVER") == false
                    ? (false, "This kernel was built without CONFIG_KEXEC_HANDOVER.")
                : KernelParameter.Switch(Parameters, "kho") is false ? (false, "kho=off is on the command line.")
                : error is Errno.EACCES or Errno.EPERM ? (null, $"This user may not read {KhoPath}.")
                : Files.IsLive && Kho.ReadTree(KhoDirection.Out) is { Absence: KhoAbsence.KhoOff } off ? (false, off.Detail)
                : (null, $"{KhoPath} is not there: KHO is off, debugfs is not mounted, or CONFIG_KEXEC_HANDOVER_DEBUGFS is not set.");
        }
    }

    public bool? KhoIsOn => KhoSwitch.IsOn;

    /// <summary>Opens a machine.</summary>
    public static DiagnosedMachine Open(Kernel kernel, DiagnosisOptions options)
    {
        if (!Directory.Exists(options.Root))
        {
            throw new DirectoryNotFoundException($"{options.Root} is no folder");
        }

        var files = new MachineFiles(kernel, options.Root);
        return new DiagnosedMachine(
            files,
            options.KernelImage is null
                ? KernelUnderTest.Running(files, options.Configuration)
                : KernelUnderTest.OfImage(kernel, options.KernelImage, options.Configuration));
    }
}
