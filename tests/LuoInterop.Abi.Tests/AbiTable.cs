using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Says which kernel header declares a structure. The structure's name is its C name.</summary>
/// <param name="Type">The raw structure.</param>
/// <param name="Header">The header of the kernel.</param>
internal sealed record StructureEntry(Type Type, string Header)
{
    /// <summary>Gets the structure in C where it has no name there; null if it is <c>struct</c> and the type's name.</summary>
    public string? CForm { get; init; }

    /// <summary>Gets the reason why the fields leave bytes of the structure without a name; null if they leave none.</summary>
    public string? PartialBecause { get; init; }

    /// <summary>Gets the reason why arm64 has another structure of this name; null if both architectures have the same.</summary>
    public string? X86Because { get; init; }

    /// <summary>Gets the fields whose C sign is not compared, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> SignNotCompared { get; init; } = new Dictionary<string, string>();
}

/// <summary>Says which kernel headers declare a class's (or an enum's) constants. A constant's name is its C name.</summary>
/// <param name="Type">The class.</param>
/// <param name="Headers">The headers of the kernel.</param>
internal sealed record ConstantsEntry(Type Type, params string[] Headers)
{
    /// <summary>Gets the constants whose C form is not their name.</summary>
    public IReadOnlyDictionary<string, CForm> Forms { get; init; } = new Dictionary<string, CForm>();

    /// <summary>Gets the constants that only x86 has, or that arm64 gives another value without being asked here,
    /// each with the reason.</summary>
    public IReadOnlyDictionary<string, string> OnlyOnX86 { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the reason why arm64 has no such header; null if both architectures have it.</summary>
    public string? X86Because { get; init; }

    /// <summary>Gets the constants that no C header has, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> NotInC { get; init; } = new Dictionary<string, string>();
}

/// <summary>States a constant in C where its name is another one, or its header is.</summary>
internal sealed record CForm(string Expression, string? Header = null);

/// <summary>Maps every raw declaration to the kernel's headers. A declaration that is missing here fails a test.</summary>
internal static class AbiTable
{
    private const string UnsignedInLibc =
        "a count: the kernel's header says long, the C library's, whose fstatfs is called, says unsigned long";

    private const string MsrNumber = "a number of the processor's; the kernel installs no header with it";

    private const string EventsOfX86 = "arm64's exceptions are others";

    private const string RegistersOfX86 = "registers are an architecture's own; a vCPU is driven on x86-64 only";

    public static IReadOnlyList<StructureEntry> Structures { get; } =
    [
        new(typeof(liveupdate_ioctl_create_session), "linux/liveupdate.h"),
        new(typeof(liveupdate_ioctl_retrieve_session), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_preserve_fd), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_retrieve_fd), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_finish), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_get_name), "linux/liveupdate.h"),
        new(typeof(kvm_create_guest_memfd), "linux/kvm.h"),
        new(typeof(kvm_userspace_memory_region2), "linux/kvm.h"),
        new(typeof(kvm_run), "linux/kvm.h")
        {
            PartialBecause = "the union that follows is declared by its members; what is after it is not used",
        },
        new(typeof(kvm_run_io), "linux/kvm.h") { CForm = MemberOfKvmRun("io") },
        new(typeof(kvm_run_mmio), "linux/kvm.h")
        {
            CForm = MemberOfKvmRun("mmio"),
            PartialBecause = "it ends in three bytes of padding",
        },
        new(typeof(kvm_run_internal), "linux/kvm.h") { CForm = MemberOfKvmRun("internal") },
        new(typeof(kvm_run_fail_entry), "linux/kvm.h")
        {
            CForm = MemberOfKvmRun("fail_entry"),
            PartialBecause = "it ends in four bytes of padding",
        },
        new(typeof(kvm_run_memory_fault), "linux/kvm.h") { CForm = MemberOfKvmRun("memory_fault") },
        new(typeof(kvm_irq_level), "linux/kvm.h"),
        new(typeof(kvm_irqchip), "linux/kvm.h"),
        new(typeof(kvm_enable_cap), "linux/kvm.h"),
        new(typeof(kvm_device_attr), "linux/kvm.h"),
        new(typeof(kvm_clock_data), "linux/kvm.h"),
        new(typeof(kvm_pit_config), "linux/kvm.h"),
        new(typeof(kvm_cpuid_entry2), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_msr_entry), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_sregs2), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_vcpu_events), "linux/kvm.h") { X86Because = EventsOfX86 },
        new(typeof(kvm_vcpu_events_exception), "linux/kvm.h")
        {
            CForm = MemberOfEvents("exception"), X86Because = EventsOfX86,
        },
        new(typeof(kvm_vcpu_events_interrupt), "linux/kvm.h")
        {
            CForm = MemberOfEvents("interrupt"), X86Because = EventsOfX86,
        },
        new(typeof(kvm_vcpu_events_nmi), "linux/kvm.h") { CForm = MemberOfEvents("nmi"), X86Because = EventsOfX86 },
        new(typeof(kvm_vcpu_events_smi), "linux/kvm.h") { CForm = MemberOfEvents("smi"), X86Because = EventsOfX86 },
        new(typeof(kvm_vcpu_events_triple_fault), "linux/kvm.h")
        {
            CForm = MemberOfEvents("triple_fault"), X86Because = EventsOfX86,
        },
        new(typeof(kvm_debugregs), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_xcr), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_regs), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_segment), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_dtable), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(kvm_sregs), "linux/kvm.h") { X86Because = RegistersOfX86 },
        new(typeof(statfs), "asm/statfs.h")
        {
            SignNotCompared = new Dictionary<string, string>
            {
                ["f_blocks"] = UnsignedInLibc,
                ["f_bfree"] = UnsignedInLibc,
                ["f_bavail"] = UnsignedInLibc,
                ["f_files"] = UnsignedInLibc,
                ["f_ffree"] = UnsignedInLibc,
            },
        },
        new(Raw.Find("LuoInterop.Emulation.Interop.rlimit"), "linux/resource.h"),
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.seccomp_data"), "linux/seccomp.h"),
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.epoll_event"), "linux/eventpoll.h")
        {
            X86Because = "x86-64 alone packs it, and the filter of system calls is written for x86-64",
        },
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.seccomp_notif"), "linux/seccomp.h"),
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.seccomp_notif_resp"), "linux/seccomp.h"),
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.seccomp_notif_addfd"), "linux/seccomp.h"),
    ];

    /// <summary>Gets the value types that are no C structure, each with the reason.</summary>
    public static IReadOnlyDictionary<Type, string> NotStructures { get; } = new Dictionary<Type, string>
    {
        [typeof(PerArchitecture)] = "holds a constant of two architectures",
        [Raw.Find("LuoInterop.Emulation.Interop.InodeKey")] = "what the emulation makes of a statx structure; no call gets it",
        [Raw.Find("LuoInterop.Emulation.Server.Interop.CallArguments")] =
            "the type of an array field, compared as a field of the structure that holds it",
        [typeof(SessionNameBytes)] = "the type of an array field, compared as a field of the structures that hold it",
    };

    public static IReadOnlyList<ConstantsEntry> Constants { get; } =
    [
        new(typeof(LiveUpdateHeader), "linux/liveupdate.h"),
        new(typeof(KvmHeader), "linux/kvm.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                // One number for all members: they have to begin at the same place.
                ["KvmRunUnion"] = new(
                    "(__builtin_offsetof(struct kvm_run, io) == __builtin_offsetof(struct kvm_run, mmio)"
                    + " && __builtin_offsetof(struct kvm_run, io) == __builtin_offsetof(struct kvm_run, internal)"
                    + " && __builtin_offsetof(struct kvm_run, io) == __builtin_offsetof(struct kvm_run, fail_entry)"
                    + " && __builtin_offsetof(struct kvm_run, io) == __builtin_offsetof(struct kvm_run, memory_fault)"
                    + " ? (int)__builtin_offsetof(struct kvm_run, io) : -1)"),
                ["KvmRunMmioData"] = new("__builtin_offsetof(struct kvm_run, mmio.data)"),
                ["Write"] = new("(unsigned int)_IOC_WRITE << _IOC_DIRSHIFT"),
                ["Read"] = new("(unsigned int)_IOC_READ << _IOC_DIRSHIFT"),
            },
            OnlyOnX86 = new Dictionary<string, string>
            {
                ["KVM_GET_REGS"] = RegistersOfX86,
                ["KVM_SET_REGS"] = RegistersOfX86,
                ["KVM_GET_SREGS"] = RegistersOfX86,
                ["KVM_SET_SREGS"] = RegistersOfX86,
                ["KVM_X86_DEFAULT_VM"] = "a type of VM on x86",
                ["KVM_X86_SW_PROTECTED_VM"] = "a type of VM on x86",
                ["KVM_X86_SEV_VM"] = "a type of VM on x86",
                ["KVM_X86_SEV_ES_VM"] = "a type of VM on x86",
                ["KVM_X86_SNP_VM"] = "a type of VM on x86",
                ["KVM_X86_TDX_VM"] = "a type of VM on x86",
            },
        },
        new(Raw.Find("LuoInterop.Kvm.Interop.SignalHeader"), "asm/signal.h")
        {
            NotInC = new Dictionary<string, string> { ["SIGRTMAX"] = "_NSIG, which the kernel's installed headers leave out" },
        },
        new(typeof(KvmX86Header), "linux/kvm.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["Write"] = new("(unsigned int)_IOC_WRITE << _IOC_DIRSHIFT"),
                ["Read"] = new("(unsigned int)_IOC_READ << _IOC_DIRSHIFT"),
            },
            OnlyOnX86 = new Dictionary<string, string>
            {
                ["KVM_CPUID_FLAG_SIGNIFCANT_INDEX"] = RegistersOfX86,
                ["KVM_GET_CPUID2"] = RegistersOfX86,
                ["KVM_GET_DEBUGREGS"] = RegistersOfX86,
                ["KVM_GET_LAPIC"] = RegistersOfX86,
                ["KVM_GET_MSRS"] = RegistersOfX86,
                ["KVM_GET_MSR_INDEX_LIST"] = RegistersOfX86,
                ["KVM_GET_NESTED_STATE"] = RegistersOfX86,
                ["KVM_GET_PIT2"] = "a device or a table of PCs",
                ["KVM_GET_SREGS2"] = RegistersOfX86,
                ["KVM_GET_SUPPORTED_CPUID"] = RegistersOfX86,
                ["KVM_GET_XCRS"] = RegistersOfX86,
                ["KVM_GET_XSAVE2"] = RegistersOfX86,
                ["KVM_IRQCHIP_IOAPIC"] = RegistersOfX86,
                ["KVM_IRQCHIP_PIC_MASTER"] = RegistersOfX86,
                ["KVM_IRQCHIP_PIC_SLAVE"] = RegistersOfX86,
                ["KVM_MAX_XCRS"] = RegistersOfX86,
                ["KVM_SET_CPUID2"] = RegistersOfX86,
                ["KVM_SET_DEBUGREGS"] = RegistersOfX86,
                ["KVM_SET_LAPIC"] = RegistersOfX86,
                ["KVM_SET_MSRS"] = RegistersOfX86,
                ["KVM_SET_NESTED_STATE"] = RegistersOfX86,
                ["KVM_SET_PIT2"] = "a device or a table of PCs",
                ["KVM_SET_SREGS2"] = RegistersOfX86,
                ["KVM_SET_XCRS"] = RegistersOfX86,
                ["KVM_SET_XSAVE"] = RegistersOfX86,
                ["KVM_SREGS2_FLAGS_PDPTRS_VALID"] = RegistersOfX86,
                ["KVM_VCPUEVENT_VALID_NMI_PENDING"] = RegistersOfX86,
                ["KVM_VCPUEVENT_VALID_PAYLOAD"] = RegistersOfX86,
                ["KVM_VCPUEVENT_VALID_SHADOW"] = RegistersOfX86,
                ["KVM_VCPUEVENT_VALID_SIPI_VECTOR"] = RegistersOfX86,
                ["KVM_VCPUEVENT_VALID_SMM"] = RegistersOfX86,
                ["KVM_VCPUEVENT_VALID_TRIPLE_FAULT"] = RegistersOfX86,
                ["KVM_VCPU_TSC_CTRL"] = RegistersOfX86,
                ["KVM_VCPU_TSC_OFFSET"] = RegistersOfX86,
            },
        },
        new(typeof(MsrIndexHeader))
        {
            NotInC = new Dictionary<string, string>
            {
                ["MSR_IA32_TSC"] = MsrNumber,
                ["MSR_IA32_TSC_DEADLINE"] = MsrNumber,
                ["MSR_IA32_XSS"] = MsrNumber,
            },
        },
        new(typeof(MemfdHeader), "linux/memfd.h"),
        new(typeof(FcntlHeader), "linux/fcntl.h"),
        new(typeof(FallocHeader), "linux/falloc.h"),
        new(typeof(MmanHeader), "linux/mman.h"),
        new(typeof(MagicHeader), "linux/magic.h"),
        new(typeof(RebootHeader), "linux/reboot.h"),
        new(typeof(KexecHeader), "linux/kexec.h"),
        new(typeof(IoctlsHeader), "linux/fs.h", "asm/ioctls.h"),
        new(typeof(UnistdHeader), "asm/unistd.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["NR_memfd_secret"] = new("__NR_memfd_secret"),
                ["NR_kcmp"] = new("__NR_kcmp"),
                ["NR_kexec_file_load"] = new("__NR_kexec_file_load"),
                ["NR_reboot"] = new("__NR_reboot"),
            },
        },
        new(Raw.Find("LuoInterop.Systemd.Interop.FileHeader"), "linux/fcntl.h"),
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.SeccompHeader"), "linux/ioctl.h", "linux/seccomp.h"),
        new(Raw.Find("LuoInterop.Shared.Interop.PidfdHeader"), "linux/pidfd.h", "linux/magic.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["NR_pidfd_open"] = new("__NR_pidfd_open", "asm/unistd.h"),
                ["NR_pidfd_getfd"] = new("__NR_pidfd_getfd", "asm/unistd.h"),
            },
        },
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.EpollHeader"), "asm/unistd.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["NR_epoll_ctl"] = new("__NR_epoll_ctl"),
                ["NR_epoll_pwait"] = new("__NR_epoll_pwait"),
            },
        },
        new(Raw.Find("LuoInterop.Emulation.Server.Interop.CallNumbers"), "asm/unistd.h")
        {
            OnlyOnX86 = Probe.ConstantFields(Raw.Find("LuoInterop.Emulation.Server.Interop.CallNumbers"))
                .Where(static field => field.Name is not ("openat2" or "faccessat2"))
                .ToDictionary(static field => field.Name, static _ => "the filter of system calls is written for x86-64"),
            Forms = Probe.ConstantFields(Raw.Find("LuoInterop.Emulation.Server.Interop.CallNumbers"))
                .ToDictionary(static field => field.Name, static field => new CForm($"__NR_{field.Name}")),
        },
        new(Raw.Find("LuoInterop.Emulation.Interop.FsHeader"), "linux/fs.h"),
        new(Raw.Find("LuoInterop.MemoryImages.Interop.FsHeader"), "linux/fs.h"),
        new(Raw.Find("LuoInterop.Diagnosis.Interop.CapabilityHeader"), "linux/capability.h"),
        new(Raw.Find("LuoInterop.MemoryImages.Interop.ElfHeader"), "linux/elf.h"),
        new(Raw.Find("LuoInterop.Emulation.Interop.KcmpHeader"), "linux/kcmp.h"),
        new(Raw.Find("LuoInterop.Emulation.Interop.ResourceHeader"), "linux/resource.h"),
        new(Raw.Find("LuoInterop.Emulation.Interop.Refused"), "linux/errno.h")
        {
            Forms = Probe.ConstantFields(Raw.Find("LuoInterop.Emulation.Interop.Refused"))
                .ToDictionary(static field => field.Name, static field => new CForm($"-{field.Name}")),
        },
        new(Raw.Find("LuoInterop.Emulation.Interop.ProcessMemory"), "linux/errno.h")
        {
            Forms = new Dictionary<string, CForm> { ["ENOSYS"] = new("-ENOSYS") },
        },
        new(typeof(BootParamHeader), "asm/bootparam.h")
        {
            X86Because = "the head of a file, a kernel for x86, which is recognised on any architecture",
            // struct boot_params begins where the file does.
            Forms = new Dictionary<string, CForm>
            {
                ["setup_sects"] = new("__builtin_offsetof(struct boot_params, hdr.setup_sects)"),
                ["syssize"] = new("__builtin_offsetof(struct boot_params, hdr.syssize)"),
                ["boot_flag"] = new("__builtin_offsetof(struct boot_params, hdr.boot_flag)"),
                ["header"] = new("__builtin_offsetof(struct boot_params, hdr.header)"),
                ["version"] = new("__builtin_offsetof(struct boot_params, hdr.version)"),
                ["kernel_version"] = new("__builtin_offsetof(struct boot_params, hdr.kernel_version)"),
                ["loadflags"] = new("__builtin_offsetof(struct boot_params, hdr.loadflags)"),
                ["xloadflags"] = new("__builtin_offsetof(struct boot_params, hdr.xloadflags)"),
                ["cmdline_size"] = new("__builtin_offsetof(struct boot_params, hdr.cmdline_size)"),
                ["payload_offset"] = new("__builtin_offsetof(struct boot_params, hdr.payload_offset)"),
                ["payload_length"] = new("__builtin_offsetof(struct boot_params, hdr.payload_length)"),
            },
            NotInC = new Dictionary<string, string>
            {
                ["HeaderSize"] = "how much is read: two sectors, as bzImage64_probe wants",
                ["BootFlag"] = "a number in the text of boot.rst and in bzImage64_probe",
                ["OldestVersion"] = "a number in bzImage64_probe",
                ["KernelVersionBase"] = "a number in the text of boot.rst",
                ["SectorSize"] = "a number in the text of boot.rst",
                ["DefaultSetupSectors"] = "a number in the text of boot.rst",
                ["ParagraphSize"] = "a number in the text of boot.rst",
            },
        },

        // Outside the raw namespace, but their values go to the kernel or come from it as they are.
        new(typeof(Errno), "linux/errno.h")
        {
            NotInC = new Dictionary<string, string> { ["None"] = "success has no name in C" },
        },
        new(typeof(SeekOrigin), "linux/fs.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["Begin"] = new("SEEK_SET"),
                ["Current"] = new("SEEK_CUR"),
                ["End"] = new("SEEK_END"),
            },
        },
    ];

    private static string MemberOfEvents(string member) => $"__typeof__(((struct kvm_vcpu_events *)0)->{member})";

    private static string MemberOfKvmRun(string member) => $"__typeof__(((struct kvm_run *)0)->{member})";
}
