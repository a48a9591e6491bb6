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

    /// <summary>Gets whether KHO is on in the kernel that runs; null where that cannot be seen.</summary>
    public bool? KhoIsOn =>
        Files.List(KhoPath, out string[] sides) is var error && error == Errno.None ? sides.Contains("out")
        : error is Errno.EACCES or Errno.EPERM ? null
        : Files.Exists(ProcessFiles.DevicePath) ? true
        : Kernel is { Image: null } && Kernel.Has("CONFIG_KEXEC_HANDOVER") == false ? false
        : KernelParameter.Switch(Parameters, "kho") is false ? false
        : null;

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
