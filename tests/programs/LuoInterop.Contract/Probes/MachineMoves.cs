using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of a machine's state that is saved, and put into another machine.</summary>
public static class MachineMoves
{
    private const byte Port = StateMachine.Port;
    private const uint Tsc = 0x10;
    private const uint TscDeadline = 0x6e0;
    private const uint SetMsrs = 0x4008_AE89;
    private const ulong Second = 1_000_000_000;

    /// <summary>mov al, 1; out 0x10, al; mov al, 2; out 0x10, al; hlt.</summary>
    private static readonly byte[] OneThenTwo = [0xB0, 1, 0xE6, Port, 0xB0, 2, 0xE6, Port, 0xF4];

    public static void Move_KeepsEveryStructure(Kernel kernel)
    {
        using var machine = new StateMachine(kernel, 2);
        Disturb(machine);
        using StateMachine other = machine.Move();
        Assert.All(machine.Vcpus.Zip(other.Vcpus), static pair =>
        {
            Assert.All(Enum.GetValues<KvmVcpuStructure>(), structure =>
            {
                if (structure != KvmVcpuStructure.NestedState || pair.First.GetStateSize(structure) > 0)
                {
                    Assert.Equal(StateMachine.Get(pair.First, structure), StateMachine.Get(pair.Second, structure));
                }
            });
            Assert.Equal(pair.First.GetCpuid(), pair.Second.GetCpuid());
            Assert.Equal((pair.First.TscKhz, pair.First.TscOffset), (pair.Second.TscKhz, pair.Second.TscOffset));
        });
        Assert.All(
            (KvmVmStructure[])[KvmVmStructure.PicMaster, KvmVmStructure.PicSlave, KvmVmStructure.IoApic],
            structure => Assert.Equal(machine.Get(structure), other.Get(structure)));
    }

    public static void Move_KeepsEveryMsr(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        Disturb(machine);
        using StateMachine other = machine.Move();
        Assert.Equal(0x23_0010_0000_0000UL, other.GetMsr(0xc000_0081));
        Assert.Equal(ulong.MaxValue >> 2, other.GetMsr(TscDeadline));
        Assert.All(machine.Device.GetMsrIndices().Where(static index => index != Tsc), index =>
            Assert.Equal((index, machine.GetMsr(index)), (index, other.GetMsr(index))));

        // The counter goes on with the host's, as the offset is kept.
        ulong before = machine.GetMsr(Tsc);
        Assert.InRange(other.GetMsr(Tsc), before, machine.GetMsr(Tsc) + (1UL << 40));
    }

    public static void Guest_GoesOnWhereItStood(Kernel kernel)
    {
        // inc byte [0x2000]; mov al, [0x2000]; out 0x10, al; and again.
        using var machine = new StateMachine(kernel);
        machine.Boot(0xFE, 0x06, 0x00, 0x20, 0xA0, 0x00, 0x20, 0xE6, Port, 0xEB, 0xF5);
        Assert.Equal([1, 2, 3], new[] { machine.RunToPort(), machine.RunToPort(), machine.RunToPort() });
        Assert.Equal(KvmExitReason.Interrupted, machine.Vcpu.CompleteExit());
        using StateMachine second = machine.Move();
        Assert.Equal(4, second.RunToPort());
        Assert.Equal(KvmExitReason.Interrupted, second.Vcpu.CompleteExit());
        using StateMachine third = second.Move();
        Assert.Equal([5, 6], new[] { third.RunToPort(), third.RunToPort() });

        // Who gives up lets the old one run on.
        Assert.Equal(4, machine.RunToPort());
    }

    /// <summary>An OUT is complete only when the vCPU is run again; immediate_exit keeps it from going further.</summary>
    public static void Out_IsDoneTwice_UnlessTheExitIsCompleted(Kernel kernel)
    {
        using (var machine = new StateMachine(kernel))
        {
            machine.Boot(OneThenTwo);
            Assert.Equal(1, machine.RunToPort());
            Assert.Equal(KvmExitReason.Interrupted, machine.Vcpu.CompleteExit());
            using StateMachine other = machine.Move();
            Assert.Equal(2, other.RunToPort());
        }

        using (var machine = new StateMachine(kernel))
        {
            machine.Boot(OneThenTwo);
            Assert.Equal(1, machine.RunToPort());
            using StateMachine other = machine.Move();
            Assert.Equal(1, other.RunToPort());
        }
    }

    public static void In_KeepsItsValue_WhenTheExitIsCompleted(Kernel kernel)
    {
        // in al, 0x10; out 0x10, al; hlt.
        using var machine = new StateMachine(kernel);
        machine.Boot(0xE4, Port, 0xE6, Port, 0xF4);
        Assert.Equal(KvmExitReason.Port, machine.Run());
        Assert.False(machine.Vcpu.PortAccess.IsWrite);
        machine.Vcpu.PortData[0] = 0x77;
        Assert.Equal(KvmExitReason.Interrupted, machine.Vcpu.CompleteExit());
        Assert.Equal(0x77UL, machine.Vcpu.Registers.Rax & 0xFF);
        using StateMachine other = machine.Move();
        Assert.Equal(0x77, other.RunToPort());
    }

    public static void Clock_GoesOnOverTheGap_OrIsHeld(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        MachineState state = machine.Save();
        Thread.Sleep(TimeSpan.FromSeconds(3));
        using (StateMachine other = machine.Another())
        {
            state.Restore(other.Vm, other.Vcpus);
            Assert.InRange(Clock(other), state.Vm.Clock + (29 * Second / 10), ulong.MaxValue);
        }

        using (StateMachine other = machine.Another())
        {
            state.Restore(other.Vm, other.Vcpus, KvmClockGap.Hide);
            Assert.InRange(Clock(other), state.Vm.Clock, state.Vm.Clock + (29 * Second / 10));
        }
    }

    public static void Restore_IntoOtherVcpus_IsRefused(Kernel kernel)
    {
        using var machine = new StateMachine(kernel, 2);
        machine.Boot(0xF4);
        MachineState state = machine.Save();
        using var one = new StateMachine(kernel);
        KvmStateException error = Assert.Throws<KvmStateException>(() => state.Restore(one.Vm, one.Vcpus));
        Assert.Equal(KvmStateFault.Refused, error.Fault);
        Assert.Contains("2 vCPUs", error.Message, StringComparison.Ordinal);
        using var other = new StateMachine(kernel, 2);
        error = Assert.Throws<KvmStateException>(() => state.Restore(other.Vm, [other.Vcpus[1], other.Vcpus[0]]));
        Assert.Equal(KvmStateFault.Refused, error.Fault);
        Assert.Contains("vCPU 0", error.Message, StringComparison.Ordinal);
    }

    /// <summary>KVM_SET_MSRS says by its count alone that it stopped.</summary>
    public static void Restore_OfAnMsrThatTheKernelRefuses_NamesIt(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        MachineState state = machine.Save();
        using var other = new StateMachine(new RefusingMsrs(kernel));
        KvmStateException error = Assert.Throws<KvmStateException>(() => state.Restore(other.Vm, other.Vcpus));
        Assert.Equal(KvmStateFault.Refused, error.Fault);
        Assert.Contains("model-specific register 0x", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A restore puts CPUID first, and a vCPU that has run takes no other one: giving up means to run on.</summary>
    public static void Restore_IntoAVcpuThatHasRun_EINVAL(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(OneThenTwo);
        MachineState state = machine.Save();
        using var other = new StateMachine(kernel);
        other.Boot(OneThenTwo);
        KvmCpuidEntry[] cpuid = other.Vcpu.GetCpuid();
        cpuid[Array.FindIndex(cpuid, static entry => entry.Leaf == 1)].Eax ^= 0x10;
        other.Vcpu.SetCpuid(cpuid);
        Assert.Equal(1, other.RunToPort());
        KernelException error = Refused.With(Errno.EINVAL, () => state.Restore(other.Vm, other.Vcpus));
        Assert.Contains("has run already", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, other.RunToPort());
    }

    private static ulong Clock(StateMachine machine) => BinaryPrimitives.ReadUInt64LittleEndian(machine.Get(KvmVmStructure.Clock));

    // Gives every structure values that no reset gives.
    private static void Disturb(StateMachine machine)
    {
        KvmVcpu vcpu = machine.Boot(0xF4);
        vcpu.Registers = new KvmRegisters { Rax = 1, Rbx = 2, Rsp = 0x8000, R15 = 15, Rip = 0x1000, Rflags = 0x46 };
        machine.Change(KvmVcpuStructure.SpecialRegisters, static registers => registers[24 * 5] = 0x40);
        machine.Change(KvmVcpuStructure.ExtendedControlRegisters, static xcrs => xcrs[16] = 3);
        machine.Change(KvmVcpuStructure.ExtendedState, static state =>
        {
            state[512] |= 3;
            (state[0], state[1]) = (0x7f, 0x02);
            BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(24), 0x3f80);
            state.AsSpan(160, 256).Fill(0x5A);
        });
        machine.Change(KvmVcpuStructure.DebugRegisters, static registers => registers[0] = 0x12);
        machine.Change(KvmVcpuStructure.LocalApic, static apic =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0xf0), 0x1ff);
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x320), 0x40040);
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x360), 0x400);
        });
        machine.SetMsr(0xc000_0081, 0x23_0010_0000_0000);
        machine.SetMsr(0xc000_0082, 0xffff_ffff_8000_0000);
        machine.SetMsr(0x176, 0xffff_ffff_8100_0000);
        machine.SetMsr(0x277, 0x0007_0406_0007_0406);
        vcpu.TscOffset -= 1UL << 50;
        machine.SetMsr(TscDeadline, ulong.MaxValue >> 2);
        machine.Change(KvmVcpuStructure.Events, static events => (events[0], events[1], events[13]) = (1, 6, 1));
        vcpu.MpState = KvmMpState.Halted;
        byte[] pic = machine.Get(KvmVmStructure.PicMaster);
        pic[8 + 2] = 0xfb;
        machine.Vm.SetState(KvmVmStructure.PicMaster, pic);
        byte[] ioapic = machine.Get(KvmVmStructure.IoApic);
        ioapic[8 + 24 + (4 * 8)] = 0x24;
        machine.Vm.SetState(KvmVmStructure.IoApic, ioapic);
    }

    private sealed class RefusingMsrs(Kernel kernel) : ForwardingKernel(kernel)
    {
        public override int Ioctl(SafeHandle file, uint request, nint argument) =>
            request == SetMsrs ? 0 : base.Ioctl(file, request, argument);
    }
}
