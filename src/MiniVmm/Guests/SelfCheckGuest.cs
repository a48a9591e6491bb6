using System.Buffers.Binary;
using MiniVmm.Boot;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Is a guest whose vCPUs use all that a processor remembers, and check in a loop that it does.</summary>
/// <remarks>
/// <para>Each vCPU keeps values in the x87 stack, XMM0 to XMM15 (with AVX the whole YMM registers), RBP and R8 to R14, DR0 to DR3 with
/// breakpoints on, MSRs, x87's control word and MXCSR. Most go up by one in each iteration, so that an instruction that is lost or done
/// twice shows. Each iteration takes a #UD and one interrupt of the local APIC's timer, partly while it is halted.</para>
/// <para>On a mismatch a vCPU writes what was wrong and halts with interrupts off. Its page, at <see cref="PageOf"/>, has 64-bit numbers:
/// 0x08 iterations, 0x10 timer interrupts, 0x18 #UD, 0x20 error (<see cref="SelfCheckError"/>), 0x28 what was found, 0x30 bit 0: AVX is in
/// use, 0x38 the last TSC, 0x40 what was expected,
/// 0x48 timer interrupts that came once more; from 0x100 on is the guest's scratch memory.</para>
/// </remarks>
internal static class SelfCheckGuest
{
    /// <summary>The first vCPU's page.</summary>
    public const ulong Pages = 0x12_0000;

    /// <summary>Where the IDT is.</summary>
    public const ulong Idt = GuestCode.Address + GuestCode.Room;

    /// <summary>Where the constants are.</summary>
    public const ulong Constants = Idt + GuestIdt.Size;

    private const ulong Stacks = Pages + ((ulong)GuestCode.MaxCpus << 12);
    /// <summary>Gets the guest address of a vCPU's page.</summary>
    public static ulong PageOf(int cpu) => Pages + ((ulong)cpu << 12);

    /// <summary>Puts the guest into fresh RAM.</summary>
    /// <returns>Where each vCPU begins.</returns>
    public static BootEntry[] Load(GuestRam ram, int cpus)
    {
        SelfCheckCode code = SelfCheckCode.Assemble();
        BootEntry[] entries = GuestCode.Load(ram, code.Bytes, cpus, Stacks);
        GuestIdt.Write(ram, Idt, code.HandlerOf);
        SelfCheckCode.Constants().CopyTo(ram.At(Constants, SelfCheckCode.ConstantsSize));
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            ram.At(PageOf(cpu), 4096).Clear();
        }

        return entries;
    }

    /// <summary>Reads what a vCPU says of itself; it may run meanwhile.</summary>
    public static SelfCheckReport Read(GuestRam ram, int cpu)
    {
        ReadOnlySpan<byte> page = ram.At(PageOf(cpu), 4096);
        return new SelfCheckReport(
            U64(page, SelfCheckCode.Iterations), U64(page, SelfCheckCode.TimerInterrupts), U64(page, SelfCheckCode.UndefinedCount),
            (page[SelfCheckCode.Flags] & 1) != 0, U64(page, SelfCheckCode.Error), U64(page, SelfCheckCode.Found),
            U64(page, SelfCheckCode.Expected), (long)U64(page, SelfCheckCode.RepeatedTimer));
    }

    private static ulong U64(ReadOnlySpan<byte> page, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(page[offset..]);
}
