using System.Runtime.InteropServices;

namespace LuoInterop.Kvm.Interop;

/// <summary>Declares the part of <c>include/uapi/linux/kvm.h</c> (and x86's <c>asm/kvm.h</c>) that a VMM needs to own
/// guest memory and run a vCPU.</summary>
internal static class KvmHeader
{
    public const uint KVMIO = 0xAE;
    public const int KVM_API_VERSION = 12;

    // On /dev/kvm. KVM_CHECK_EXTENSION is taken by a VM too. The argument is a number, so the request has no size.
    public const uint KVM_GET_API_VERSION = (KVMIO << 8) | 0x00;
    public const uint KVM_CREATE_VM = (KVMIO << 8) | 0x01;
    public const uint KVM_CHECK_EXTENSION = (KVMIO << 8) | 0x03;
    public const uint KVM_GET_VCPU_MMAP_SIZE = (KVMIO << 8) | 0x04;

    // On a VM.
    public const uint KVM_CREATE_VCPU = (KVMIO << 8) | 0x41;
    public const uint KVM_SET_USER_MEMORY_REGION2 = Write | (160U << 16) | (KVMIO << 8) | 0x49;
    public const uint KVM_CREATE_GUEST_MEMFD = Write | Read | (64U << 16) | (KVMIO << 8) | 0xd4;

    // On a vCPU.
    public const uint KVM_RUN = (KVMIO << 8) | 0x80;
    public const uint KVM_GET_REGS = Read | (144U << 16) | (KVMIO << 8) | 0x81;
    public const uint KVM_SET_REGS = Write | (144U << 16) | (KVMIO << 8) | 0x82;
    public const uint KVM_GET_SREGS = Read | (312U << 16) | (KVMIO << 8) | 0x83;
    public const uint KVM_SET_SREGS = Write | (312U << 16) | (KVMIO << 8) | 0x84;

    public const int KVM_CAP_NR_VCPUS = 9;
    public const int KVM_CAP_ADJUST_CLOCK = 39;
    public const int KVM_CAP_TSC_CONTROL = 60;
    public const int KVM_CAP_READONLY_MEM = 81;
    public const int KVM_CAP_NESTED_STATE = 157;
    public const int KVM_CAP_XSAVE2 = 208;
    public const int KVM_CAP_USER_MEMORY2 = 231;
    public const int KVM_CAP_MEMORY_FAULT_INFO = 232;
    public const int KVM_CAP_MEMORY_ATTRIBUTES = 233;
    public const int KVM_CAP_GUEST_MEMFD = 234;
    public const int KVM_CAP_VM_TYPES = 235;
    public const int KVM_CAP_GUEST_MEMFD_FLAGS = 244;

    public const uint KVM_X86_DEFAULT_VM = 0;
    public const uint KVM_X86_SW_PROTECTED_VM = 1;
    public const uint KVM_X86_SEV_VM = 2;
    public const uint KVM_X86_SEV_ES_VM = 3;
    public const uint KVM_X86_SNP_VM = 4;
    public const uint KVM_X86_TDX_VM = 5;

    public const ulong GUEST_MEMFD_FLAG_MMAP = 1UL << 0;
    public const ulong GUEST_MEMFD_FLAG_INIT_SHARED = 1UL << 1;

    public const uint KVM_MEM_LOG_DIRTY_PAGES = 1U << 0;
    public const uint KVM_MEM_READONLY = 1U << 1;
    public const uint KVM_MEM_GUEST_MEMFD = 1U << 2;

    public const uint KVM_EXIT_UNKNOWN = 0;
    public const uint KVM_EXIT_IO = 2;
    public const uint KVM_EXIT_HLT = 5;
    public const uint KVM_EXIT_MMIO = 6;
    public const uint KVM_EXIT_SHUTDOWN = 8;
    public const uint KVM_EXIT_FAIL_ENTRY = 9;
    public const uint KVM_EXIT_INTR = 10;
    public const uint KVM_EXIT_INTERNAL_ERROR = 17;
    public const uint KVM_EXIT_SYSTEM_EVENT = 24;
    public const uint KVM_EXIT_MEMORY_FAULT = 39;

    public const uint KVM_INTERNAL_ERROR_EMULATION = 1;

    public const byte KVM_EXIT_IO_IN = 0;
    public const byte KVM_EXIT_IO_OUT = 1;
    public const ulong KVM_MEMORY_EXIT_FLAG_PRIVATE = 1UL << 3;

    /// <summary>Where the union of <c>struct kvm_run</c> begins, whose member depends on the exit reason.</summary>
    public const int KvmRunUnion = 32;

    /// <summary>Where the data of an access to an address without memory are in <c>struct kvm_run</c>.</summary>
    public const int KvmRunMmioData = KvmRunUnion + 8;

    // _IOC_WRITE and _IOC_READ: user space writes the argument, or reads it.
    private const uint Write = 1U << 30;
    private const uint Read = 2U << 30;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_create_guest_memfd
{
    public ulong size;
    public ulong flags;
    public fixed ulong reserved[6];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_userspace_memory_region2
{
    public uint slot;
    public uint flags;
    public ulong guest_phys_addr;
    public ulong memory_size;
    public ulong userspace_addr;
    public ulong guest_memfd_offset;
    public uint guest_memfd;
    public uint pad1;
    public fixed ulong pad2[14];
}

/// <summary>Declares what a mapped vCPU begins with; the union that follows is declared by its members.</summary>
[StructLayout(LayoutKind.Sequential, Size = 2352)]
internal unsafe struct kvm_run
{
    public byte request_interrupt_window;
    public byte immediate_exit;
    public fixed byte padding1[6];
    public uint exit_reason;
    public byte ready_for_interrupt_injection;
    public byte if_flag;
    public ushort flags;
    public ulong cr8;
    public ulong apic_base;
}

/// <summary>Declares the member <c>io</c> of <c>struct kvm_run</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_run_io
{
    public byte direction;
    public byte size;
    public ushort port;
    public uint count;
    public ulong data_offset;
}

/// <summary>Declares the member <c>mmio</c> of <c>struct kvm_run</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_run_mmio
{
    public ulong phys_addr;
    public fixed byte data[8];
    public uint len;
    public byte is_write;
}

/// <summary>Declares the member <c>internal</c> of <c>struct kvm_run</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_run_internal
{
    public uint suberror;
    public uint ndata;
    public fixed ulong data[16];
}

/// <summary>Declares the member <c>fail_entry</c> of <c>struct kvm_run</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_run_fail_entry
{
    public ulong hardware_entry_failure_reason;
    public uint cpu;
}

/// <summary>Declares the member <c>memory_fault</c> of <c>struct kvm_run</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_run_memory_fault
{
    public ulong flags;
    public ulong gpa;
    public ulong size;
}

/// <summary>Declares the general registers of x86-64.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_regs
{
    public ulong rax;
    public ulong rbx;
    public ulong rcx;
    public ulong rdx;
    public ulong rsi;
    public ulong rdi;
    public ulong rsp;
    public ulong rbp;
    public ulong r8;
    public ulong r9;
    public ulong r10;
    public ulong r11;
    public ulong r12;
    public ulong r13;
    public ulong r14;
    public ulong r15;
    public ulong rip;
    public ulong rflags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_segment
{
    public ulong @base;
    public uint limit;
    public ushort selector;
    public byte type;
    public byte present;
    public byte dpl;
    public byte db;
    public byte s;
    public byte l;
    public byte g;
    public byte avl;
    public byte unusable;
    public byte padding;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_dtable
{
    public ulong @base;
    public ushort limit;
    public fixed ushort padding[3];
}

/// <summary>Declares the segment and control registers of x86-64.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_sregs
{
    public kvm_segment cs;
    public kvm_segment ds;
    public kvm_segment es;
    public kvm_segment fs;
    public kvm_segment gs;
    public kvm_segment ss;
    public kvm_segment tr;
    public kvm_segment ldt;
    public kvm_dtable gdt;
    public kvm_dtable idt;
    public ulong cr0;
    public ulong cr2;
    public ulong cr3;
    public ulong cr4;
    public ulong cr8;
    public ulong efer;
    public ulong apic_base;
    public fixed ulong interrupt_bitmap[4];
}
