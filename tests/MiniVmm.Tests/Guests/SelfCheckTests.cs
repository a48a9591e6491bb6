using System.Buffers.Binary;
using Iced.Intel;
using MiniVmm.Boot;
using MiniVmm.Guests;
using MiniVmm.Memory;
using MiniVmm.Tests.Boot;
using Xunit;

namespace MiniVmm.Tests.Guests;

/// <summary>Proves that the guest is where the processor looks for it, and that what it says can be read.</summary>
public sealed class SelfCheckTests
{
    [Fact]
    public void Load_GivesEachCpuAPageAndAStack()
    {
        using GuestRam ram = Guest.Ram(4 * Guest.MiB);

        BootEntry[] entries = SelfCheckGuest.Load(ram, 4);

        Assert.Equal([0UL, 1UL, 2UL, 3UL], entries.Select(static entry => entry.Rdi));
        Assert.Equal(4, entries.Select(static entry => entry.Rsp).Distinct().Count());
        Assert.All(entries, entry =>
        {
            Assert.Equal(0UL, entry.Rsp % 16);
            Assert.InRange(entry.Rsp, SelfCheckGuest.PageOf(GuestCode.MaxCpus) + 4096, ram.Low.End);
            Assert.Equal(GuestCode.Address, entry.Rip);
        });
        Assert.Equal(default, SelfCheckGuest.Read(ram, 3));
    }

    [Fact]
    public void Idt_HasAGateToAnInstructionForEachVector()
    {
        using GuestRam ram = Guest.Ram(4 * Guest.MiB);
        SelfCheckGuest.Load(ram, 1);
        Instruction[] code = Disassembly.Of(SelfCheckCode.Assemble().Bytes);
        Disassembly.AssertBranchesStayInside(code);
        HashSet<ulong> starts = [.. code.Select(static one => one.IP)];

        ulong pointer = GuestIdt.PointerOf(SelfCheckGuest.Idt);
        Assert.Equal((4095, SelfCheckGuest.Idt), (ram.U16(pointer), ram.U64(pointer + 2)));
        HashSet<ulong> handlers = [];
        for (ulong vector = 0; vector < 256; vector++)
        {
            ulong gate = SelfCheckGuest.Idt + (vector * 16);
            ulong handler = ram.U16(gate) | ((ulong)ram.U16(gate + 6) << 16) | ((ulong)ram.U32(gate + 8) << 32);
            Assert.Contains(handler, starts);
            handlers.Add(handler);
            Assert.Equal((LongMode.CodeSelector, 0x8e00), (ram.U16(gate + 2), ram.U16(gate + 4)));
        }

        // All exceptions have one each; so have the timer, the spurious interrupt and all others together.
        Assert.Equal(32 + 3, handlers.Count);
    }

    [Fact]
    public void Code_UsesAllThatAProcessorKeeps()
    {
        Instruction[] code = Disassembly.Of(SelfCheckCode.Assemble().Bytes);

        Assert.Equal(16, code.Count(static one => one.Code == Code.Paddq_xmm_xmmm128));
        Assert.Equal(16, code.Count(static one => one.Mnemonic == Mnemonic.Vextractf128));
        Assert.Equal(7, code.Count(static one => one.Mnemonic == Mnemonic.Fcomip));
        Assert.Equal(5, code.Count(static one => one.Code == Code.Mov_dr_r64));
        Assert.Equal(5, code.Count(static one => one.Code == Code.Mov_r64_dr));
        Assert.Equal(3, code.Count(static one => one.Mnemonic == Mnemonic.Wrmsr));
        Assert.Equal(3, code.Count(static one => one.Mnemonic == Mnemonic.Rdmsr));
        Assert.Single(code, static one => one.Mnemonic == Mnemonic.Ud2);
        Assert.Equal(2, code.Count(static one => one.Mnemonic == Mnemonic.Hlt));
        Assert.Equal(2, code.Count(static one => one.Mnemonic == Mnemonic.Iretq));

        // HLT that is to end comes directly after STI.
        int wait = Array.FindIndex(code, static one => one.Mnemonic == Mnemonic.Hlt);
        Assert.Equal(Mnemonic.Sti, code[wait - 1].Mnemonic);
    }

    [Fact]
    public void Read_GivesWhatTheGuestWrote()
    {
        using GuestRam ram = Guest.Ram(4 * Guest.MiB);
        SelfCheckGuest.Load(ram, 2);
        for (int i = 1; i <= 9; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(ram.At(SelfCheckGuest.PageOf(1) + ((ulong)i * 8), 8), (ulong)i);
        }

        SelfCheckReport report = SelfCheckGuest.Read(ram, 1);

        Assert.Equal(new SelfCheckReport(1, 2, 3, false, 4, 5, 8, 9), report);
        Assert.Equal("x87 ST(3) in iteration 2: 0x5 instead of 0x8", report.Fault);
        Assert.Null(SelfCheckGuest.Read(ram, 0).Fault);
    }

    [Theory]
    [InlineData(SelfCheckError.Xmm + 15, "XMM15")]
    [InlineData(SelfCheckError.General, "RBP")]
    [InlineData(SelfCheckError.General + 7, "R14")]
    [InlineData(SelfCheckError.Exception + 13, "exception 13")]
    [InlineData(SelfCheckError.Shadow, "interrupt in the shadow of STI (QEMU's translation before 10.0 forgets that shadow at VMRUN)")]
    [InlineData(0x999, "error 0x999")]
    public void ErrorCode_HasAName(ulong code, string name) => Assert.Equal(name, SelfCheckError.Name(code));
}
