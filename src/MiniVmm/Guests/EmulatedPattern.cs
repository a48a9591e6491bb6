using System.Text;
using LuoInterop.Emulation;
using LuoInterop.Kvm;
using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Is <see cref="PatternGuest"/> as a C# program, for the emulated KVM, which runs no machine code.</summary>
/// <remarks>
/// It uses the registers as memory: what is in them when the vCPU stops is what it goes on with, in this VM or another. RDI has the
/// vCPU's number, RCX the next page, RDX the end of the range, R8 which range, R9 how much of a line is written, R10 how many passes are
/// done.
/// </remarks>
internal sealed class EmulatedPattern : IGuestProgram
{
    private const ushort Port = 0x3f8;

    /// <inheritdoc/>
    public string Name => PatternProgram.Kind;

    /// <inheritdoc/>
    public bool IsSeen => true;

    /// <inheritdoc/>
    public bool WritesLines => true;

    /// <summary>Runs a vCPU: what the emulated machine takes as <see cref="EmulatedMachineOptions.DefaultGuest"/>.</summary>
    public static void Run(EmulatedGuest guest)
    {
        Span<byte> value = stackalloc byte[1];
        Span<byte> bounds = stackalloc byte[2 * sizeof(ulong)];
        while (true)
        {
            KvmRegisters registers = guest.Registers;
            if (registers.Rcx < registers.Rdx)
            {
                // The registers follow the store at once: between the two nothing stops the vCPU.
                guest.Read(registers.Rcx, value);
                value[0]++;
                guest.Write(registers.Rcx, value);
                registers.Rcx += PatternRange.PageSize;
                guest.Registers = registers;
                continue;
            }

            if (registers.R8 == 2)
            {
                Say(guest, registers);
                continue;
            }

            guest.Read(PatternGuest.BoundsOf((int)registers.Rdi, (int)registers.R8), bounds);
            registers.Rcx = BitConverter.ToUInt64(bounds);
            registers.Rdx = BitConverter.ToUInt64(bounds[sizeof(ulong)..]);
            registers.R8++;
            guest.Registers = registers;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<BootEntry> Load(GuestRam ram, int cpus) => PatternGuest.Load(ram, cpus, marksPasses: false);

    /// <inheritdoc/>
    public GuestReport Look(GuestMachine machine, int updates) => new PatternProgram().Look(machine, updates);

    // Only the first vCPU speaks: at its start, and after every 64th pass.
    private static void Say(EmulatedGuest guest, KvmRegisters registers)
    {
        if (registers.Rdi == 0 && registers.R10 % 64 == 0)
        {
            byte[] line = Encoding.ASCII.GetBytes(registers.R10 == 0
                ? "I am a program in C# on an emulated KVM, and count in every page of my memory\n"
                : $"{registers.R10} passes over my memory\n");
            if (registers.R9 < (ulong)line.Length)
            {
                guest.WritePort(Port, line.AsSpan((int)registers.R9, 1));
                registers.R9++;
                guest.Registers = registers;
                return;
            }
        }

        registers.R8 = 0;
        registers.R9 = 0;
        registers.R10++;
        guest.Registers = registers;
    }
}
