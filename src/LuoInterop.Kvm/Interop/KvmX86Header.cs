namespace LuoInterop.Kvm.Interop;

/// <summary>Declares the part of <c>linux/kvm.h</c> and x86's <c>asm/kvm.h</c> that holds a processor's and a machine's state.</summary>
internal static class KvmX86Header
{
    // On /dev/kvm.
    public const uint KVM_GET_MSR_INDEX_LIST = Write | Read | (4U << 16) | (KvmHeader.KVMIO << 8) | 0x02;
    public const uint KVM_GET_SUPPORTED_CPUID = Write | Read | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x05;

    // On a VM.
    public const uint KVM_SET_TSS_ADDR = (KvmHeader.KVMIO << 8) | 0x47;
    public const uint KVM_SET_IDENTITY_MAP_ADDR = Write | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x48;
    public const uint KVM_CREATE_IRQCHIP = (KvmHeader.KVMIO << 8) | 0x60;
    public const uint KVM_IRQ_LINE = Write | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x61;
    public const uint KVM_GET_IRQCHIP = Write | Read | (520U << 16) | (KvmHeader.KVMIO << 8) | 0x62;
    public const uint KVM_SET_IRQCHIP = Read | (520U << 16) | (KvmHeader.KVMIO << 8) | 0x63;
    public const uint KVM_CREATE_PIT2 = Write | (64U << 16) | (KvmHeader.KVMIO << 8) | 0x77;
    public const uint KVM_SET_CLOCK = Write | (48U << 16) | (KvmHeader.KVMIO << 8) | 0x7b;
    public const uint KVM_GET_CLOCK = Read | (48U << 16) | (KvmHeader.KVMIO << 8) | 0x7c;
    public const uint KVM_GET_PIT2 = Read | (112U << 16) | (KvmHeader.KVMIO << 8) | 0x9f;
    public const uint KVM_SET_PIT2 = Write | (112U << 16) | (KvmHeader.KVMIO << 8) | 0xa0;

    public const uint KVM_ENABLE_CAP = Write | (104U << 16) | (KvmHeader.KVMIO << 8) | 0xa3;

    // On a vCPU.
    public const uint KVM_GET_MSRS = Write | Read | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x88;
    public const uint KVM_SET_MSRS = Write | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x89;
    public const uint KVM_GET_LAPIC = Read | (1024U << 16) | (KvmHeader.KVMIO << 8) | 0x8e;
    public const uint KVM_SET_LAPIC = Write | (1024U << 16) | (KvmHeader.KVMIO << 8) | 0x8f;
    public const uint KVM_SET_CPUID2 = Write | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x90;
    public const uint KVM_GET_CPUID2 = Write | Read | (8U << 16) | (KvmHeader.KVMIO << 8) | 0x91;
    public const uint KVM_GET_MP_STATE = Read | (4U << 16) | (KvmHeader.KVMIO << 8) | 0x98;
    public const uint KVM_SET_MP_STATE = Write | (4U << 16) | (KvmHeader.KVMIO << 8) | 0x99;
    public const uint KVM_GET_VCPU_EVENTS = Read | (64U << 16) | (KvmHeader.KVMIO << 8) | 0x9f;
    public const uint KVM_SET_VCPU_EVENTS = Write | (64U << 16) | (KvmHeader.KVMIO << 8) | 0xa0;
    public const uint KVM_GET_DEBUGREGS = Read | (128U << 16) | (KvmHeader.KVMIO << 8) | 0xa1;
    public const uint KVM_SET_DEBUGREGS = Write | (128U << 16) | (KvmHeader.KVMIO << 8) | 0xa2;
    public const uint KVM_SET_TSC_KHZ = (KvmHeader.KVMIO << 8) | 0xa2;
    public const uint KVM_GET_TSC_KHZ = (KvmHeader.KVMIO << 8) | 0xa3;
    public const uint KVM_SET_XSAVE = Write | (4096U << 16) | (KvmHeader.KVMIO << 8) | 0xa5;
    public const uint KVM_GET_XCRS = Read | (392U << 16) | (KvmHeader.KVMIO << 8) | 0xa6;
    public const uint KVM_SET_XCRS = Write | (392U << 16) | (KvmHeader.KVMIO << 8) | 0xa7;
    public const uint KVM_KVMCLOCK_CTRL = (KvmHeader.KVMIO << 8) | 0xad;
    public const uint KVM_GET_NESTED_STATE = Write | Read | (128U << 16) | (KvmHeader.KVMIO << 8) | 0xbe;
    public const uint KVM_SET_NESTED_STATE = Write | (128U << 16) | (KvmHeader.KVMIO << 8) | 0xbf;
    public const uint KVM_GET_SREGS2 = Read | (320U << 16) | (KvmHeader.KVMIO << 8) | 0xcc;
    public const uint KVM_SET_SREGS2 = Write | (320U << 16) | (KvmHeader.KVMIO << 8) | 0xcd;
    public const uint KVM_GET_XSAVE2 = Read | (4096U << 16) | (KvmHeader.KVMIO << 8) | 0xcf;
    public const uint KVM_SET_DEVICE_ATTR = Write | (24U << 16) | (KvmHeader.KVMIO << 8) | 0xe1;
    public const uint KVM_GET_DEVICE_ATTR = Write | (24U << 16) | (KvmHeader.KVMIO << 8) | 0xe2;
    public const uint KVM_HAS_DEVICE_ATTR = Write | (24U << 16) | (KvmHeader.KVMIO << 8) | 0xe3;

    public const int KVM_CAP_EXCEPTION_PAYLOAD = 164;

    public const uint KVM_IRQCHIP_PIC_MASTER = 0;
    public const uint KVM_IRQCHIP_PIC_SLAVE = 1;
    public const uint KVM_IRQCHIP_IOAPIC = 2;

    public const uint KVM_CLOCK_TSC_STABLE = 2;
    public const uint KVM_CLOCK_REALTIME = 1 << 2;
    public const uint KVM_CLOCK_HOST_TSC = 1 << 3;

    public const uint KVM_VCPU_TSC_CTRL = 0;
    public const ulong KVM_VCPU_TSC_OFFSET = 0;

    public const uint KVM_MP_STATE_RUNNABLE = 0;
    public const uint KVM_MP_STATE_UNINITIALIZED = 1;
    public const uint KVM_MP_STATE_INIT_RECEIVED = 2;
    public const uint KVM_MP_STATE_HALTED = 3;
    public const uint KVM_MP_STATE_SIPI_RECEIVED = 4;

    public const uint KVM_CPUID_FLAG_SIGNIFCANT_INDEX = 1 << 0;

    public const ulong KVM_SREGS2_FLAGS_PDPTRS_VALID = 1;

    public const uint KVM_VCPUEVENT_VALID_NMI_PENDING = 0x1;
    public const uint KVM_VCPUEVENT_VALID_SIPI_VECTOR = 0x2;
    public const uint KVM_VCPUEVENT_VALID_SHADOW = 0x4;
    public const uint KVM_VCPUEVENT_VALID_SMM = 0x8;
    public const uint KVM_VCPUEVENT_VALID_PAYLOAD = 0x10;
    public const uint KVM_VCPUEVENT_VALID_TRIPLE_FAULT = 0x20;

    public const int KVM_MAX_XCRS = 16;

    // _IOC_WRITE and _IOC_READ: user space writes the argument, or reads it.
    private const uint Write = 1U << 30;
    private const uint Read = 2U << 30;
}
