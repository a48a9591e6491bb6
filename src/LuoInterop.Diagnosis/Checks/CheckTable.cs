namespace LuoInterop.Diagnosis.Checks;

/// <summary>Lists the checks in the order of their rows. An id never changes and is never used again.</summary>
internal static class CheckTable
{
    public static IReadOnlyList<Check> All { get; } =
    [
        new("architecture", "the processor", ArchitectureCheck.Look, IsOfRunningKernel: false),
        new("kernel-release", "the kernel's version", KernelReleaseCheck.Look, IsOfRunningKernel: false),
        new("config-kho", "CONFIG_KEXEC_HANDOVER", ConfigurationChecks.Kho, IsOfRunningKernel: false),
        new("config-liveupdate", "CONFIG_LIVEUPDATE", ConfigurationChecks.LiveUpdate, IsOfRunningKernel: false),
        new("config-memfd", "CONFIG_LIVEUPDATE_MEMFD", ConfigurationChecks.Memfd, IsOfRunningKernel: false),
        new("config-kexec-file", "CONFIG_KEXEC_FILE", ConfigurationChecks.KexecFile, IsOfRunningKernel: false),
        new("config-debugfs", "CONFIG_KEXEC_HANDOVER_DEBUGFS", ConfigurationChecks.DebugFs, IsOfRunningKernel: false),
        new("boot-crash-kernel", "crash kernel", BootCrashKernelCheck.Look),
        new("boot-kho", "kho= on the command line", BootKhoCheck.Look, IsOfRunningKernel: false),
        new("boot-liveupdate", "liveupdate= on the command line", BootLiveUpdateCheck.Look, IsOfRunningKernel: false),
        new("boot-scratch", "kho_scratch= on the command line", BootScratchCheck.Look, IsOfRunningKernel: false),
        new("kho", "KHO in this kernel", KhoCheck.Look),
        new("luo", "LUO's state", LuoCheck.Look),
        new("handover", "what the kernel before handed over", HandoverCheck.Look),
        new("kernel-log", "the kernel's log", KernelLogCheck.Look),
        new("device", "/dev/liveupdate", DeviceCheck.Look),
        new("device-access", "who may open the device", DeviceAccessCheck.Look),
        new("device-holder", "who has the device open", DeviceHolderCheck.Look),
        new("kexec-loaded", "the next kernel", KexecLoadedCheck.Look),
        new("kexec-load-call", "the call that loaded it", KexecLoadCallCheck.Look),
        new("kexec-tools", "kexec-tools", KexecToolsCheck.Look),
        new("kexec-disabled", "loading kernels", KexecDisabledCheck.Look),
        new("kexec-permission", "who may start the next kernel", KexecPermissionCheck.Look),
        new("pid-namespace", "the pid namespace", PidNamespaceCheck.Look),
        new("lockdown", "lockdown and signatures", LockdownCheck.Look),
        new("systemd", "systemd's live update", SystemdCheck.Look),
        new("systemd-shutdown", "the device at shutdown", SystemdShutdownCheck.Look),
        new("systemd-downgrade", "an older systemd after the boot", SystemdDowngradeCheck.Look),
        new("memory-kho", "memory that KHO takes", MemoryKhoCheck.Look),
        new("memory-cma", "memory that cannot be pinned", MemoryCmaCheck.Look),
        new("memory-preserve", "memory that preserving would fill", MemoryPreserveCheck.Look),
        new("memfds", "memory files that cannot be preserved", MemfdsCheck.Look),
        new("memfd-noexec", "vm.memfd_noexec", MemfdNoexecCheck.Look),
        new("sessions-51", "a multiple of 51 sessions", SessionCountCheck.Look),
        .. KnownFaults.All.Select(static fault => new Check(fault.Id, fault.Title, fault.Look, IsOfRunningKernel: false)),
    ];
}
