using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm;

namespace LuoInterop.Emulation;

/// <summary>Describes an emulated machine and the kernel that it boots first. Immutable.</summary>
public sealed record EmulatedMachineOptions
{
    /// <summary>Gets the first kernel's command line. The next kernels have that of the loaded image.</summary>
    public string CommandLine { get; init; } = "kho=on liveupdate=on";

    /// <summary>Gets the command line that is built into every kernel of the machine (CONFIG_CMDLINE of x86): it stands before the one
    /// that the kernel is given.</summary>
    /// <remarks>Printable ASCII. Together they are cut to 2047 bytes, as Linux does.</remarks>
    public string BuiltInCommandLine { get; init; } = "";

    /// <summary>Gets the first kernel's release, whose first two numbers decide what is emulated;
    /// the next kernels have that of the loaded image.</summary>
    /// <remarks>Known are 6.18 (KHO without LUO: no device), 6.19, 7.0, 7.1, 7.2 and 7.3, and 7.3 with
    /// <see cref="KernelPreviews"/>.</remarks>
    public string Release { get; init; } = "7.3.4-emulated";

    /// <summary>Gets the path of LUO's device.</summary>
    public string DevicePath { get; init; } = "/dev/liveupdate";

    /// <summary>Gets the machine's physical memory in bytes.</summary>
    /// <remarks>
    /// Only preserved memory counts against it, and it takes none of the host's by itself; but a machine that runs out of it
    /// answers ENOMEM.
    /// </remarks>
    public ulong MemorySize { get; init; } = 256UL << 30;

    /// <summary>Gets the largest order of a preserved file's folios, 0 to 18: 0 is 4 KiB only, 9 is 2 MiB, 18 is 1 GiB.</summary>
    /// <remarks>
    /// A file is split into the largest folios that are aligned and lie inside it. The order also decides how much of a write
    /// that would grow a preserved file is done before it stops: shmem takes pieces of the largest folio at a time, up to
    /// 2 MiB (mapping_max_folio_size), which is order 9, with huge pages built in, and 0 without.
    /// </remarks>
    public int LargestFolioOrder { get; init; } = 9;

    /// <summary>Gets how many emulated descriptors a process may have (RLIMIT_NOFILE): device, sessions and files of debugfs.</summary>
    /// <remarks>Memory files are descriptors of the host process, and the host's limit counts for them.</remarks>
    public int DescriptorLimit { get; init; } = 1 << 20;

    /// <summary>Gets the value of the sysctl vm.memfd_noexec, 0 to 2.</summary>
    /// <remarks>A host whose own value is higher still refuses what it refuses.</remarks>
    public int MemfdNoExec { get; init; }

    /// <summary>Gets whether KHO is on when the command line does not say (CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT).</summary>
    public bool KexecHandoverDefault { get; init; } = true;

    /// <summary>Gets the kernel of the host.</summary>
    internal HostKernel Host { get; init; } = HostKernel.Current;

    /// <summary>Gets the modules that every kernel of the machine loads at its boot, in this order, before its first process.</summary>
    public IReadOnlyList<EmulatedModule> Modules { get; init; } = [];

    /// <summary>Gets the program of vCPUs that have none of their own (<see cref="EmulatedProcess.SetGuest"/>); null for none,
    /// at which they stop.</summary>
    /// <remarks>Only kernels with the preview <see cref="KernelPreviews.GuestMemfd"/> have vCPUs.</remarks>
    public Action<EmulatedGuest>? DefaultGuest { get; init; }
}
