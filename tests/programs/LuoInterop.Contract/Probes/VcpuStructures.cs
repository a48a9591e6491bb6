using System.Buffers.Binary;
using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of each structure of a vCPU's state: what the kernel takes, gives back and refuses.</summary>
public static class VcpuStructures
{
    private const uint Star = 0xc000_0081;
    private const uint Lstar = 0xc000_0082;
    private const uint Tsc = 0x10;
    private const uint TscDeadline = 0x6e0;
    private const uint SystemTime = 0x4b56_4d01;
    private const int HeaderOfXsave = 512;
    private const int MxcsrOfXsave = 24;

    public static void Apic_WithoutIrqchip_EINVAL(Kernel kernel)
    {
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        Refused.With(Errno.EINVAL, () => vcpu.GetState(KvmVcpuStructure.LocalApic, new byte[1024]));
        Refused.With(Errno.EINVAL, () => vcpu.SetState(KvmVcpuStructure.LocalApic, new byte[1024]));
        Assert.Equal(KvmMpState.Runnable, vcpu.MpState);
        Refused.With(Errno.EINVAL, () => vcpu.MpState = KvmMpState.Halted);
    }

    public static void Apic_IsGivenBackAsItWasSet(Kernel kernel)
    {
        using var machine = new StateMachine(kernel, 2);
        Assert.Equal((0u, 1u << 24), (Word(machine.Get(KvmVcpuStructure.LocalApic), 0x20), Word(Apic(machine.Vcpus[1]), 0x20)));
        Assert.Equal(0xffu, Word(machine.Get(KvmVcpuStructure.LocalApic), 0xf0));
        machine.Change(KvmVcpuStructure.LocalApic, static apic =>
        {
            Put(apic, 0xf0, 0x1ff);
            Put(apic, 0x80, 0x10);
            Put(apic, 0x350, 0x700);
            Put(apic, 0x360, 0x400);
        });
        byte[] back = machine.Get(KvmVcpuStructure.LocalApic);
        Assert.Equal((0x1ffu, 0x10u, 0x700u, 0x400u), (Word(back, 0xf0), Word(back, 0x80), Word(back, 0x350), Word(back, 0x360)));

        static byte[] Apic(KvmVcpu vcpu) => StateMachine.Get(vcpu, KvmVcpuStructure.LocalApic);
    }

    public static void MpState_OfTheFirstRuns_OfOthersWaits_UnknownOnes_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel, 2);
        Assert.Equal([KvmMpState.Runnable, KvmMpState.Uninitialized], machine.Vcpus.Select(static vcpu => vcpu.MpState));
        machine.Vcpu.MpState = KvmMpState.Halted;
        Assert.Equal(KvmMpState.Halted, machine.Vcpu.MpState);
        Refused.With(Errno.EINVAL, () => machine.Vcpu.MpState = (KvmMpState)99);
        Assert.Equal(KvmMpState.Halted, machine.Vcpu.MpState);
        machine.Vcpu.MpState = KvmMpState.Runnable;
        Assert.Equal(KvmMpState.Runnable, machine.Vcpu.MpState);
    }

    public static void Cpuid_IsGivenBack_AndAfterARunTheSameOnly(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(0xE6, StateMachine.Port, 0xF4);
        KvmCpuidEntry[] cpuid = vcpu.GetCpuid();
        Assert.Equal(machine.Device.GetSupportedCpuid().Select(Key), cpuid.Select(Key));
        Refused.With(Errno.E2BIG, () => vcpu.SetCpuid(new KvmCpuidEntry[257]));
        machine.RunToPort();
        vcpu.SetCpuid(cpuid);
        int leaf = Array.FindIndex(cpuid, static entry => entry.Leaf == 1);
        cpuid[leaf].Eax ^= 0x10;
        Refused.With(Errno.EINVAL, () => vcpu.SetCpuid(cpuid));

        static (uint, uint) Key(KvmCpuidEntry entry) => (entry.Leaf, entry.Subleaf);
    }

    public static void Cpuid_OfAnAddressWidthThatNoProcessorHas_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        Refused.With(
            Errno.EINVAL, () => machine.Vcpu.SetCpuid([new KvmCpuidEntry { Leaf = 0x8000_0008, Eax = 0x2f28 }]));
    }

    public static void Msrs_AreSetUpToTheFirstThatIsNotThere(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(0xF4);
        KvmMsr[] msrs = [new(Star, 0x23_0010_0000_0000), new(0x1234_5678, 1), new(Lstar, 0xffff_ffff_8000_0000)];
        Assert.Equal(1, vcpu.SetMsrs(msrs));
        Assert.Equal((0x23_0010_0000_0000UL, 0UL), (machine.GetMsr(Star), machine.GetMsr(Lstar)));
        Assert.Equal(1, vcpu.GetMsrs(msrs));

        // An address that is none is refused as well.
        Assert.Equal(0, vcpu.SetMsrs([new(Lstar, 0x8000_0000_0000_0000)]));
        Assert.Equal(0UL, machine.GetMsr(Lstar));
        Refused.With(Errno.E2BIG, () => vcpu.SetMsrs(new KvmMsr[256]));
        Refused.With(Errno.E2BIG, () => vcpu.GetMsrs(new KvmMsr[256]));
        Assert.Equal(0, vcpu.SetMsrs([]));
    }

    public static void MsrList_HasTheTimersAndTheClock_AndEachCanBeRead(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        uint[] indices = machine.Device.GetMsrIndices();
        Assert.Superset(
            new HashSet<uint> { Tsc, TscDeadline, Star, Lstar, 0x174, 0x175, 0x176, 0x277, 0xc000_0102, 0x4b56_4d00, SystemTime },
            indices.ToHashSet());
        Assert.Distinct(indices);
        Assert.All(indices, index => machine.GetMsr(index));
    }

    public static void Deadline_IsKeptInTheTimersDeadlineModeOnly(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        machine.SetMsr(TscDeadline, ulong.MaxValue >> 2);
        Assert.Equal(0UL, machine.GetMsr(TscDeadline));

        // Bit 18 of the timer's entry.
        machine.Change(KvmVcpuStructure.LocalApic, static apic => Put(apic, 0x320, 0x40040));
        machine.SetMsr(TscDeadline, ulong.MaxValue >> 2);
        Assert.Equal(ulong.MaxValue >> 2, machine.GetMsr(TscDeadline));
    }

    public static void Tsc_FollowsItsOffset(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(0xF4);
        Assert.True(vcpu.HasTscOffset);
        const ulong Far = 1UL << 60;
        ulong offset = vcpu.TscOffset;
        ulong before = machine.GetMsr(Tsc);
        vcpu.TscOffset = offset + Far;
        Assert.Equal(offset + Far, vcpu.TscOffset);
        Assert.InRange(machine.GetMsr(Tsc), before + Far, before + Far + (1UL << 50));
    }

    public static void TscFrequency_IsGivenBack(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        long frequency = machine.Vcpu.TscKhz;
        Assert.InRange(frequency, 1000, 100_000_000);
        machine.Vcpu.TscKhz = frequency;
        Assert.Equal(frequency, machine.Vcpu.TscKhz);
    }

    public static void NotifyPaused_WithoutTheGuestsClock_DoesNothing(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        Assert.False(machine.Vcpu.NotifyPaused());
        machine.SetMsr(SystemTime, 0x4001);
        Assert.True(machine.Vcpu.NotifyPaused());
        machine.SetMsr(SystemTime, 0x4000);
        Assert.False(machine.Vcpu.NotifyPaused());
    }

    public static void Events_ThatNoProcessorHas_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);

        // struct kvm_vcpu_events: exception at 0 (injected, nr), flags at 20.
        machine.Refuses(KvmVcpuStructure.Events, static events => Put(events, 20, 0x40));
        machine.Refuses(KvmVcpuStructure.Events, static events => (events[0], events[1]) = (1, 32));
        machine.Refuses(KvmVcpuStructure.Events, static events => (events[0], events[1]) = (1, 2));

        // What the VM was not told to have: payloads.
        machine.Refuses(KvmVcpuStructure.Events, static events => Put(events, 20, 0x10));
    }

    public static void Events_AreGivenBackAsTheyWereSet(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        byte[] fresh = machine.Get(KvmVcpuStructure.Events);
        Assert.Equal(0xdu, Word(fresh, 20));

        // An exception (general protection with its error code), an NMI that waits and the shadow of STI.
        machine.Change(KvmVcpuStructure.Events, static events =>
        {
            (events[0], events[1], events[2]) = (1, 13, 1);
            Put(events, 4, 0x18);
            events[11] = 1;
            events[13] = 1;
        });
        byte[] back = machine.Get(KvmVcpuStructure.Events);
        Assert.Equal((1, 13, 1, 0x18u), (back[0], back[1], back[2], Word(back, 4)));
        Assert.Equal((true, 1), (back[11] != 0, back[13]));

        // Without its flag what waits stays.
        machine.Change(KvmVcpuStructure.Events, static events =>
        {
            (events[11], events[13]) = (0, 0);
            Put(events, 20, 0);
        });
        back = machine.Get(KvmVcpuStructure.Events);
        Assert.Equal((true, 1), (back[11] != 0, back[13]));
    }

    public static void DebugRegisters_ThatNoProcessorHas_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        byte[] fresh = machine.Get(KvmVcpuStructure.DebugRegisters);
        Assert.Equal((0xffff_0ff0u, 0x400u), (Word(fresh, 32), Word(fresh, 40)));
        machine.Refuses(KvmVcpuStructure.DebugRegisters, static registers => Put(registers, 36, 1));
        machine.Refuses(KvmVcpuStructure.DebugRegisters, static registers => Put(registers, 44, 1));
        machine.Refuses(KvmVcpuStructure.DebugRegisters, static registers => Put(registers, 48, 1));
        machine.Change(KvmVcpuStructure.DebugRegisters, static registers =>
        {
            Put(registers, 0, 0x1234);
            Put(registers, 24, 0x5678);
            Put(registers, 40, 0x403);
        });
        byte[] back = machine.Get(KvmVcpuStructure.DebugRegisters);
        Assert.Equal((0x1234u, 0x5678u, 0x403u), (Word(back, 0), Word(back, 24), Word(back, 40)));
    }

    public static void ExtendedState_OfAWrongForm_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        Assert.Equal(
            Math.Max(4096, machine.Vm.CheckExtension(KvmCapability.ExtendedStateSize)),
            machine.Vcpu.GetStateSize(KvmVcpuStructure.ExtendedState));
        machine.Refuses(KvmVcpuStructure.ExtendedState, static state => state[HeaderOfXsave + 7] = 0x80);
        machine.Refuses(KvmVcpuStructure.ExtendedState, static state => state[HeaderOfXsave + 8 + 7] = 0x80);
        machine.Refuses(KvmVcpuStructure.ExtendedState, static state => state[HeaderOfXsave + 16] = 1);
        machine.Refuses(KvmVcpuStructure.ExtendedState, static state =>
        {
            state[HeaderOfXsave] |= 3;
            Put(state, MxcsrOfXsave, 0x8000_1f80);
        });
    }

    public static void ExtendedState_IsGivenBackAsItWasSet(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);

        // x87's control word, MXCSR and XMM3.
        machine.Change(KvmVcpuStructure.ExtendedState, static state =>
        {
            state[HeaderOfXsave] |= 3;
            state[0] = 0x7f;
            state[1] = 0x02;
            Put(state, MxcsrOfXsave, 0x3f80);
            state.AsSpan(160 + (3 * 16), 16).Fill(0xA5);
        });
        byte[] back = machine.Get(KvmVcpuStructure.ExtendedState);
        Assert.Equal((0x7f, 0x02, 0x3f80u), (back[0], back[1], Word(back, MxcsrOfXsave)));
        Assert.All(back.AsSpan(160 + (3 * 16), 16).ToArray(), static value => Assert.Equal(0xA5, value));
    }

    public static void ExtendedControl_ThatNoProcessorHas_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);

        // struct kvm_xcrs: how many, flags, then number and value of each.
        byte[] fresh = machine.Get(KvmVcpuStructure.ExtendedControlRegisters);
        Assert.Equal((1u, 0u, 0u, 1u), (Word(fresh, 0), Word(fresh, 4), Word(fresh, 8), Word(fresh, 16)));
        machine.Refuses(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => Put(xcrs, 0, 17));
        machine.Refuses(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => Put(xcrs, 4, 1));
        machine.Refuses(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => Put(xcrs, 16, 2));
        machine.Refuses(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => Put(xcrs, 16, 5));
        machine.Refuses(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => Put(xcrs, 20, 0x8000_0000));
        machine.Change(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => Put(xcrs, 16, 3));
        Assert.Equal(3u, Word(machine.Get(KvmVcpuStructure.ExtendedControlRegisters), 16));
    }

    public static void SpecialRegisters_ThatNoProcessorHasTogether_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(0xF4);
        KvmSpecialRegisters right = vcpu.SpecialRegisters;
        KvmSpecialRegisters[] wrong =
        [
            right with { Flags = 2 },
            right with { Flags = 1 },
            right with { Efer = 0x400 },
            right with { Efer = 1UL << 40 },
            right with { Cs = right.Cs with { L = 1 } },
            right with { Cr0 = 1UL << 32 },
            right with { Cr0 = right.Cr0 | 0x8000_0000 },
            right with { Cr0 = 0x2000_0010 },
            right with { Cr4 = 1UL << 40 },
            right with { ApicBase = right.ApicBase | 1 },
            LongMode(right) with { Cr4 = 0 },
            LongMode(right) with { Efer = 0x100 },
        ];
        Assert.All(wrong, registers =>
        {
            Refused.With(Errno.EINVAL, () => vcpu.SpecialRegisters = registers);
            Assert.Equal(right, vcpu.SpecialRegisters);
        });
        vcpu.SpecialRegisters = LongMode(right);
        KvmSpecialRegisters back = vcpu.SpecialRegisters;
        Assert.Equal((0x500UL, 0x20UL, 0x5000UL, 1), (back.Efer, back.Cr4, back.Cr3, back.Cs.L));
    }

    /// <summary>CPUID says whether there is long mode: without it, or before it is set, there is none.</summary>
    public static void SpecialRegisters_OfLongMode_WithoutCpuid_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmSpecialRegisters registers = LongMode(machine.Vcpu.SpecialRegisters);
        Refused.With(Errno.EINVAL, () => machine.Vcpu.SpecialRegisters = registers);
        machine.Vcpu.SetCpuid(machine.Device.GetSupportedCpuid());
        machine.Vcpu.SpecialRegisters = registers;
    }

    private static KvmSpecialRegisters LongMode(KvmSpecialRegisters registers) => registers with
    {
        Cr0 = 0x8000_0011, Cr3 = 0x5000, Cr4 = 0x20, Efer = 0x500,
        Cs = registers.Cs with { Selector = 0x10, Base = 0, Limit = uint.MaxValue, Type = 11, L = 1, G = 1, S = 1, Present = 1 },
    };

    private static uint Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private static void Put(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
}
