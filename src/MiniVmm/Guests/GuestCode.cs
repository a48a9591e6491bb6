using Iced.Intel;
using MiniVmm.Boot;
using MiniVmm.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace MiniVmm.Guests;

/// <summary>Puts assembled code into guest RAM; the processor enters it in 64-bit mode.</summary>
internal static class GuestCode
{
    /// <summary>Where the code of a guest is, and where it begins.</summary>
    public const ulong Address = 0x10_0000;

    /// <summary>The most bytes of code.</summary>
    public const int Room = 0x1_0000;

    /// <summary>The most vCPUs of a guest.</summary>
    public const int MaxCpus = MpTable.MaxCpus;

    /// <summary>Assembles code to where it will be.</summary>
    /// <returns>The bytes, and the addresses of what was asked for.</returns>
    public static (byte[] Code, ulong[] Labels) Assemble(Assembler assembler, params ReadOnlySpan<Label> labels)
    {
        using MemoryStream stream = new();
        AssemblerResult result =
            assembler.Assemble(new StreamCodeWriter(stream), Address, BlockEncoderOptions.ReturnNewInstructionOffsets);
        if (stream.Length > Room)
        {
            throw new InvalidOperationException($"The guest's code has {stream.Length} bytes; there is room for {Room}.");
        }

        ulong[] addresses = new ulong[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            addresses[i] = result.GetLabelRIP(labels[i]);
        }

        return (stream.ToArray(), addresses);
    }

    /// <summary>Writes the end of a vCPU: RAX, RCX and RDX go to places after RBX, RDX last, and it halts with interrupts off.</summary>
    public static void WriteStop(Assembler assembler, int rax, int rcx, int rdx)
    {
        Label halt = assembler.CreateLabel();
        assembler.mov(__qword_ptr[rbx + rax], AssemblerRegisters.rax);
        assembler.mov(__qword_ptr[rbx + rcx], AssemblerRegisters.rcx);
        assembler.mov(__qword_ptr[rbx + rdx], AssemblerRegisters.rdx);
        assembler.Label(ref halt);
        assembler.cli();
        assembler.hlt();
        assembler.jmp(halt);
    }

    /// <summary>Writes code, page tables and GDT.</summary>
    /// <param name="ram">The guest's RAM.</param>
    /// <param name="code">The code.</param>
    /// <param name="cpus">How many vCPUs run it.</param>
    /// <param name="stacks">Where their stacks are, a page each; 0 where they have none.</param>
    /// <returns>Where each vCPU begins: all with the same instruction, and with its number in RDI.</returns>
    public static BootEntry[] Load(GuestRam ram, ReadOnlySpan<byte> code, int cpus, ulong stacks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cpus, MaxCpus);
        code.CopyTo(ram.At(Address, code.Length));
        BootEntry entry = LongMode.Write(ram) with { Rip = Address };
        BootEntry[] entries = new BootEntry[cpus];
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            entries[cpu] = entry with { Rdi = (ulong)cpu, Rsp = stacks == 0 ? 0 : stacks + (((ulong)cpu + 1) << 12) };
        }

        return entries;
    }
}
