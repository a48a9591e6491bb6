using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <content>The requests of the devices in the kernel (kvm_arch_vm_ioctl of arch/x86/kvm/x86.c).</content>
internal sealed partial class VmFile
{
    // Three pages below 4 GiB.
    private const ulong HighestTss = (1UL << 32) - (3 * 4096);

    private int DeviceIoctl(uint request, UserMemory argument)
    {
        KernelDevices devices = Vm.Devices;
        switch (request)
        {
            case KvmX86Header.KVM_SET_TSS_ADDR:
                return (ulong)argument.Value > HighestTss ? Refused.EINVAL : 0;
            case KvmX86Header.KVM_SET_IDENTITY_MAP_ADDR:
                ulong address = 0;
                return Vm.HasVcpu ? Refused.EINVAL : argument.CopyFrom(Bytes(ref address));
            case KvmX86Header.KVM_CREATE_IRQCHIP:
                return devices.CreateIrqchip(Vm.HasVcpu);
            case KvmX86Header.KVM_CREATE_PIT2:
                kvm_pit_config config = default;
                return argument.CopyFrom(Bytes(ref config)) != 0 ? Refused.EFAULT : devices.CreatePit();
            case KvmX86Header.KVM_IRQ_LINE:
                kvm_irq_level line = default;
                return argument.CopyFrom(Bytes(ref line)) != 0 ? Refused.EFAULT : devices.SetLine(line.irq, line.level != 0);
            case KvmX86Header.KVM_GET_IRQCHIP or KvmX86Header.KVM_SET_IRQCHIP:
                kvm_irqchip chip = default;
                if (argument.CopyFrom(Bytes(ref chip)) != 0)
                {
                    return Refused.EFAULT;
                }

                return request == KvmX86Header.KVM_SET_IRQCHIP ? devices.SetChip(ref chip)
                    : devices.GetChip(ref chip) is var error and not 0 ? error
                    : argument.CopyTo(Bytes(ref chip));
            case KvmX86Header.KVM_GET_PIT2:
                return devices.Pit.IsEmpty ? Refused.ENXIO : argument.CopyTo(devices.Pit);
            case KvmX86Header.KVM_SET_PIT2:
                Span<byte> pit = stackalloc byte[112];
                return argument.CopyFrom(pit) != 0 ? Refused.EFAULT : devices.SetPit(pit);
            case KvmX86Header.KVM_GET_CLOCK or KvmX86Header.KVM_SET_CLOCK:
                kvm_clock_data clock = devices.GetClock();
                return request == KvmX86Header.KVM_GET_CLOCK ? argument.CopyTo(Bytes(ref clock))
                    : argument.CopyFrom(Bytes(ref clock)) != 0 ? Refused.EFAULT
                    : devices.SetClock(clock);
            case KvmX86Header.KVM_ENABLE_CAP:
                kvm_enable_cap capability = default;
                return argument.CopyFrom(Bytes(ref capability)) != 0 ? Refused.EFAULT : Enable(capability);
            default:
                return Refused.ENOTTY;
        }
    }

    // kvm_vm_ioctl_enable_cap.
    private unsafe int Enable(kvm_enable_cap capability)
    {
        if (capability.flags != 0 || capability.cap != KvmX86Header.KVM_CAP_EXCEPTION_PAYLOAD)
        {
            return Refused.EINVAL;
        }

        Vm.HasExceptionPayload = capability.args[0] != 0;
        return 0;
    }

    private static Span<byte> Bytes<T>(ref T structure)
        where T : unmanaged => MemoryMarshal.AsBytes(new Span<T>(ref structure));
}
