using System.Buffers.Binary;
using LuoInterop.Emulation.Tests.Differences;
using LuoInterop.Kvm;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Runs programs as guests that wait for interrupts, and that the VMM wants back.</summary>
public sealed class InterruptTests : IDisposable
{
    private const int Page = 4096;
    private const ushort Port = 1;

    private readonly EmulatedMachine _machine = Vmm.Machine();
    private readonly EmulatedProcess _kernel;
    private readonly KvmDevice _device;
    private readonly LuoInterop.Memfd _memory;
    private readonly MemfdMapping _mapping;

    public InterruptTests()
    {
        _kernel = _machine.Boot();
        _device = KvmDevice.Open(_kernel);
        _memory = LuoInterop.Memfd.Create(_kernel, "guest", 16 * Page);
        _mapping = _memory.Map();
    }

    [Fact]
    public void RaisedLine_ReachesAGuestThatWaits_Once()
    {
        using KvmVm vm = MakeVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        _kernel.SetGuest(vcpu.Handle, Echo);
        var runner = new Thread(() => Assert.Equal(KvmExitReason.Port, vcpu.Run()));
        runner.Start();
        vm.SetIrqLine(4, true);
        runner.Join();
        Assert.Equal([4], vcpu.PortData.ToArray());

        // A level that stays is no new edge.
        vm.SetIrqLine(4, true);
        vm.SetIrqLine(10, true);
        Assert.Equal(KvmExitReason.Interrupted, vcpu.CompleteExit());
        Assert.Equal(KvmExitReason.Port, vcpu.Run());
        Assert.Equal([10], vcpu.PortData.ToArray());
        Assert.Equal(KvmExitReason.Interrupted, vcpu.CompleteExit());
        RunUntilKicked(vcpu);
        Assert.Equal(KvmMpState.Halted, vcpu.MpState);
    }

    [Fact]
    public void RequestedLine_IsKeptInTheState()
    {
        using KvmVm vm = MakeVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        _kernel.SetGuest(vcpu.Handle, Echo);
        RunUntilKicked(vcpu);
        vm.SetIrqLine(4, true);
        MachineState state = MachineState.Save(vm, [vcpu], _device.GetMsrIndices());
        Assert.Equal(KvmMpState.Halted, state.Vcpus[0].MpState);

        using KvmVm other = MakeVm();
        using KvmVcpu second = other.CreateVcpu();
        _kernel.SetGuest(second.Handle, Echo);
        state.Restore(other, [second]);
        Assert.Equal(KvmExitReason.Port, second.Run());
        Assert.Equal([4], second.PortData.ToArray());
    }

    [Fact]
    public void ProgramThatReturns_Halts_AndBeginsAnewAtAnInterrupt()
    {
        using KvmVm vm = MakeVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        int turns = 0;
        _kernel.SetGuest(vcpu.Handle, guest =>
        {
            if (turns++ > 0)
            {
                guest.WaitForInterrupt();
            }
        });
        vm.SetIrqLine(1, true);
        RunUntilKicked(vcpu);
        Assert.Equal((2, KvmMpState.Halted), (turns, vcpu.MpState));
    }

    [Fact]
    public void WaitForInterrupt_WithoutInterruptControllers_SaysSo()
    {
        using KvmVm vm = _device.CreateVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        _kernel.SetGuest(vcpu.Handle, static guest => guest.WaitForInterrupt());
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => vcpu.Run());
        Assert.Contains("CreateIrqchip", error.Message, StringComparison.Ordinal);
        _kernel.SetGuest(vcpu.Handle, static guest => guest.Halt());
        Assert.Equal(KvmExitReason.Halt, vcpu.Run());
    }

    /// <summary>A vCPU whose program turns pages for ever gives up at its next access, and goes on where it was.</summary>
    [Fact]
    public void LoopOverPages_IsKicked_GoesOn_AndAllocatesNothing()
    {
        using KvmVm vm = MakeVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        long allocated = -1;
        _kernel.SetGuest(vcpu.Handle, guest =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            KvmRegisters registers = guest.Registers;
            Span<byte> value = stackalloc byte[1];
            try
            {
                while (true)
                {
                    guest.Read(registers.Rdi, value);
                    value[0]++;
                    guest.Write(registers.Rdi, value);
                    registers.Rdi = (registers.Rdi + Page) % (16 * Page);
                    guest.Registers = registers;
                }
            }
            finally
            {
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }
        });
        for (int i = 0; i < 20; i++)
        {
            RunUntilKicked(vcpu);
            ulong at = vcpu.Registers.Rdi / Page;
            byte first = _mapping.GetSpan(0, 1)[0];
            Assert.All(Enumerable.Range(0, 16), page => Assert.Equal(
                (byte)((ulong)page < at || at == 0 ? first : first - 1), _mapping.GetSpan(page * Page, 1)[0]));
        }

        // An exception that is thrown takes some memory; the thousands of turns take none.
        Assert.InRange(allocated, 0, 4096);
    }

    [Fact]
    public void HaltedVcpu_EndsWithItsKernel()
    {
        using KvmVm vm = MakeVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        using var waits = new ManualResetEventSlim();
        _kernel.SetGuest(vcpu.Handle, guest =>
        {
            waits.Set();
            guest.WaitForInterrupt();
        });
        Exception? end = null;
        var runner = new Thread(() => end = Record.Exception(() => vcpu.Run()));
        runner.Start();
        waits.Wait();
        _machine.KexecPreview();
        runner.Join();
        Assert.NotNull(end);
    }

    [Fact]
    [Difference("kvm-timers-stand-still")]
    public void Timers_StandStill()
    {
        using KvmVm vm = MakeVm();
        using KvmVcpu vcpu = vm.CreateVcpu();
        byte[] apic = new byte[vcpu.GetStateSize(KvmVcpuStructure.LocalApic)];
        vcpu.GetState(KvmVcpuStructure.LocalApic, apic);
        BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x380), 1000);
        BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x390), 900);
        vcpu.SetState(KvmVcpuStructure.LocalApic, apic);
        Thread.Sleep(10);
        vcpu.GetState(KvmVcpuStructure.LocalApic, apic);
        Assert.Equal(900u, BinaryPrimitives.ReadUInt32LittleEndian(apic.AsSpan(0x390)));
    }

    public void Dispose()
    {
        _device.Dispose();
        _mapping.Dispose();
        _memory.Dispose();
        _machine.Dispose();
    }

    // Waits for a line, and says which. Whether it has is in a register, as the program begins anew at each run.
    private static void Echo(EmulatedGuest guest)
    {
        KvmRegisters registers = guest.Registers;
        while (true)
        {
            if (registers.Rax == 0)
            {
                registers.Rax = (ulong)guest.WaitForInterrupt() + 1;
                guest.Registers = registers;
            }

            guest.WritePort(Port, [(byte)(registers.Rax - 1)]);
            registers.Rax = 0;
            guest.Registers = registers;
        }
    }

    private static void RunUntilKicked(KvmVcpu vcpu)
    {
        using var kicker = new Timer(_ => vcpu.Kick(), null, 20, Timeout.Infinite);
        KvmExitReason reason;
        do
        {
            reason = vcpu.Run();
        }
        while (reason == KvmExitReason.Interrupted && !vcpu.ImmediateExit);

        Assert.Equal(KvmExitReason.Interrupted, reason);
        vcpu.ImmediateExit = false;
    }

    private KvmVm MakeVm()
    {
        KvmVm vm = _device.CreateVm();
        vm.CreateIrqchip();
        vm.CreatePit();
        vm.AddMemory(0, 0, _mapping);
        return vm;
    }
}
