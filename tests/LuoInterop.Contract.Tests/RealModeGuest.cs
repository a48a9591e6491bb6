using System.Buffers.Binary;
using LuoInterop.Emulation;
using LuoInterop.Kvm;

namespace LuoInterop.Contract.Tests;

/// <summary>Is a guest's program that executes the few instructions of x86's real mode that the probes use,
/// so that they run on the emulated kernel too.</summary>
/// <remarks>The base of DS, which KVM keeps among the special registers, is in R14, which real mode does not have.</remarks>
internal static class RealModeGuest
{
    public static void Run(EmulatedGuest guest)
    {
        while (true)
        {
            KvmRegisters registers = guest.Registers;
            bool halts = Fetch(guest, registers.Rip) == 0xF4;
            registers.Rip += halts ? 1 : Execute(guest, ref registers);
            guest.Registers = registers;
            if (halts)
            {
                guest.Halt();
            }
        }
    }

    // Executes one instruction, and gives its length with the way that it jumps. Nothing is changed where the vCPU stops in it.
    private static ulong Execute(EmulatedGuest guest, ref KvmRegisters registers)
    {
        ulong at = registers.Rip;
        byte operation = Fetch(guest, at);
        switch (operation)
        {
            case 0xB0:
                // mov al, imm8
                registers.Rax = (registers.Rax & ~0xFFUL) | Fetch(guest, at + 1);
                return 2;
            case 0xB8:
                // mov ax, imm16
                registers.Rax = (registers.Rax & ~0xFFFFUL) | Word(guest, at + 1);
                return 3;
            case 0x8E when Fetch(guest, at + 1) == 0xD8:
                // mov ds, ax
                registers.R14 = (registers.Rax & 0xFFFF) << 4;
                return 2;
            case 0xA0:
                // mov al, [moffs16]
                registers.Rax = (registers.Rax & ~0xFFUL) | Fetch(guest, registers.R14 + Word(guest, at + 1));
                return 3;
            case 0xA2:
                // mov [moffs16], al
                guest.Write(registers.R14 + Word(guest, at + 1), [(byte)registers.Rax]);
                return 3;
            case 0xC6 when Fetch(guest, at + 1) == 0x06:
                // mov byte [disp16], imm8
                guest.Write(registers.R14 + Word(guest, at + 2), [Fetch(guest, at + 4)]);
                return 5;
            case 0xFE when Fetch(guest, at + 1) == 0x06:
                // inc byte [disp16]
                ulong counter = registers.R14 + Word(guest, at + 2);
                guest.Write(counter, [(byte)(Fetch(guest, counter) + 1)]);
                return 4;
            case 0xE4:
                // in al, imm8
                Span<byte> value = stackalloc byte[1];
                guest.ReadPort(Fetch(guest, at + 1), value);
                registers.Rax = (registers.Rax & ~0xFFUL) | value[0];
                return 2;
            case 0xE6:
                // out imm8, al
                guest.WritePort(Fetch(guest, at + 1), [(byte)registers.Rax]);
                return 2;
            case 0xEB:
                // jmp rel8
                return 2 + (ulong)(sbyte)Fetch(guest, at + 1);
            default:
                throw new NotSupportedException($"The instruction 0x{operation:x2} is not known.");
        }
    }

    private static byte Fetch(EmulatedGuest guest, ulong address)
    {
        Span<byte> value = stackalloc byte[1];
        guest.Read(address, value);
        return value[0];
    }

    private static ushort Word(EmulatedGuest guest, ulong address)
    {
        Span<byte> value = stackalloc byte[2];
        guest.Read(address, value);
        return BinaryPrimitives.ReadUInt16LittleEndian(value);
    }
}
