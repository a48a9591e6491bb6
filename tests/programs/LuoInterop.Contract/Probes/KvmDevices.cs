using System.Buffers.Binary;
using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of the devices that KVM has in the kernel: interrupt controllers, timer, clock.</summary>
public static class KvmDevices
{
    private const uint RealtimeFlag = 4;
    private const ulong Second = 1_000_000_000;

    public static void Irqchip_Twice_EEXIST_AfterAVcpu_EINVAL(Kernel kernel)
    {
        using KvmDevice device = KvmDevice.Open(kernel);
        using (KvmVm vm = device.CreateVm())
        {
            vm.CreateIrqchip();
            Refused.With(Errno.EEXIST, vm.CreateIrqchip);
        }

        using (KvmVm vm = device.CreateVm())
        {
            using KvmVcpu vcpu = vm.CreateVcpu();
            Refused.With(Errno.EINVAL, vm.CreateIrqchip);
        }
    }

    public static void Pit_WithoutIrqchip_ENOENT_Twice_EEXIST(Kernel kernel)
    {
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();
        Refused.With(Errno.ENOENT, vm.CreatePit);
        vm.CreateIrqchip();
        vm.CreatePit();
        Refused.With(Errno.EEXIST, vm.CreatePit);
    }

    public static void Structure_OfADeviceThatIsNotThere_ENXIO(Kernel kernel)
    {
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();
        foreach (KvmVmStructure structure in (KvmVmStructure[])[
            KvmVmStructure.PicMaster, KvmVmStructure.PicSlave, KvmVmStructure.IoApic, KvmVmStructure.Pit])
        {
            byte[] bytes = new byte[KvmVm.GetStateSize(structure)];
            bytes[0] = structure switch { KvmVmStructure.PicSlave => 1, KvmVmStructure.IoApic => 2, _ => 0 };
            Refused.With(Errno.ENXIO, () => vm.GetState(structure, bytes));
            Refused.With(Errno.ENXIO, () => vm.SetState(structure, bytes));
        }

        Refused.With(Errno.ENXIO, () => vm.SetIrqLine(4, true));
    }

    public static void Structure_OfTheOtherChip_IsRefusedByTheLibrary(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        byte[] master = machine.Get(KvmVmStructure.PicMaster);
        Assert.Throws<ArgumentException>(() => machine.Vm.SetState(KvmVmStructure.PicSlave, master));
        Assert.Throws<ArgumentException>(() => machine.Vm.SetState(KvmVmStructure.PicMaster, master.AsSpan(1)));
    }

    public static void IrqLine_IsRaisedAndLowered(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Vm.SetIrqLine(4, true);
        Assert.Equal(1u << 4, Requests(machine));
        machine.Vm.SetIrqLine(4, true);
        machine.Vm.SetIrqLine(10, true);
        Assert.Equal((1u << 4) | (1u << 10), Requests(machine));
        machine.Vm.SetIrqLine(4, false);
        Assert.Equal(1u << 10, Requests(machine));
    }

    public static void Chips_AreGivenBackAsTheyWereSet(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);

        // struct kvm_pic_state behind the chip's number: imr, irq_base, init4.
        foreach (KvmVmStructure structure in (KvmVmStructure[])[KvmVmStructure.PicMaster, KvmVmStructure.PicSlave])
        {
            byte[] pic = machine.Get(structure);
            (pic[8 + 2], pic[8 + 5], pic[8 + 13]) = (0xfb, 0x20, 1);
            machine.Vm.SetState(structure, pic);
            Assert.Equal(pic, machine.Get(structure));
        }

        // struct kvm_ioapic_state: 24 entries behind 24 bytes.
        byte[] ioapic = machine.Get(KvmVmStructure.IoApic);
        Assert.Equal(0xfec00000UL, BinaryPrimitives.ReadUInt64LittleEndian(ioapic.AsSpan(8)));
        BinaryPrimitives.WriteUInt64LittleEndian(ioapic.AsSpan(8 + 24 + (4 * 8)), 0x0000_0000_0001_0024);
        machine.Vm.SetState(KvmVmStructure.IoApic, ioapic);
        Assert.Equal(ioapic, machine.Get(KvmVmStructure.IoApic));
    }

    public static void Pit_IsGivenBackAsItWasSet(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);

        // struct kvm_pit_channel_state, 24 bytes: count, ..., rw_mode at 12, mode at 13, when it was loaded at 16.
        byte[] pit = machine.Get(KvmVmStructure.Pit);
        BinaryPrimitives.WriteUInt32LittleEndian(pit.AsSpan(48), 1193);
        pit[48 + 12] = 3;
        pit[48 + 13] = 2;
        machine.Vm.SetState(KvmVmStructure.Pit, pit);
        byte[] back = machine.Get(KvmVmStructure.Pit);
        for (int channel = 0; channel < 3; channel++)
        {
            pit.AsSpan((channel * 24) + 16, 8).Clear();
            back.AsSpan((channel * 24) + 16, 8).Clear();
        }

        Assert.Equal(pit, back);
    }

    public static void Addresses_TooHigh_EINVAL_AfterAVcpu_EINVAL(Kernel kernel)
    {
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();
        vm.SetTssAddress(0xffffd000);
        Refused.With(Errno.EINVAL, () => vm.SetTssAddress(0xffffd001));
        vm.SetIdentityMapAddress(0xfffbc000);
        using KvmVcpu vcpu = vm.CreateVcpu();
        Refused.With(Errno.EINVAL, () => vm.SetIdentityMapAddress(0xfffbc000));
    }

    public static void Clock_GoesOnFromWhereItIsSet(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        ulong first = Clock(machine);
        Assert.InRange(Clock(machine), first, ulong.MaxValue);
        SetClock(machine, 1000 * Second, 0, 0);
        Assert.InRange(Clock(machine), 1000 * Second, 2000 * Second);
        SetClock(machine, 1, 0, 0);
        Assert.InRange(Clock(machine), 1UL, 1000 * Second);
    }

    public static void Clock_WithTheTimeOfDay_AddsWhatHasPassed(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        Assert.NotEqual(0u, (uint)machine.Vm.CheckExtension(KvmCapability.AdjustClock) & RealtimeFlag);
        ulong now = (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        SetClock(machine, 1000 * Second, RealtimeFlag, now - (500 * Second));
        Assert.InRange(Clock(machine), 1499 * Second, 2500 * Second);

        // A time of day that is still to come takes nothing away.
        SetClock(machine, 1000 * Second, RealtimeFlag, now + (500 * Second));
        Assert.InRange(Clock(machine), 1000 * Second, 1499 * Second);
    }

    public static void Clock_WithAnUnknownFlag_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        Refused.With(Errno.EINVAL, () => SetClock(machine, 0, 1, 0));
        Refused.With(Errno.EINVAL, () => SetClock(machine, 0, 1u << 4, 0));
    }

    // struct kvm_ioapic_state behind the chip's number: irr at 16.
    private static uint Requests(StateMachine machine) =>
        BinaryPrimitives.ReadUInt32LittleEndian(machine.Get(KvmVmStructure.IoApic).AsSpan(8 + 16));

    private static ulong Clock(StateMachine machine) => BinaryPrimitives.ReadUInt64LittleEndian(machine.Get(KvmVmStructure.Clock));

    private static void SetClock(StateMachine machine, ulong clock, uint flags, ulong realtime)
    {
        byte[] bytes = new byte[KvmVm.GetStateSize(KvmVmStructure.Clock)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, clock);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), realtime);
        machine.Vm.SetState(KvmVmStructure.Clock, bytes);
    }
}
