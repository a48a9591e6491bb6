using System.Buffers.Binary;
using System.Globalization;
using Iced.Intel;
using MiniVmm.Boot;
using MiniVmm.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace MiniVmm.Guests;

/// <summary>Is a guest whose vCPUs count in memory, without end.</summary>
/// <remarks>
/// Each adds one to the first byte of every page of its own range, in order, and begins again. So at any moment the byte falls by one at
/// one place at most, and that place moves on: no page can be lost, old or another's without being seen by <see cref="PatternCheck"/>. The
/// idea is that of QEMU's migration test.
/// </remarks>
internal static class PatternGuest
{
    /// <summary>Where the pages begin that are counted in.</summary>
    public const ulong FirstPage = 0x20_0000;

    /// <summary>What a vCPU writes to port 0x3f8 after each pass, if asked to.</summary>
    public const byte Mark = (byte)'B';

    private const ushort Port = 0x3f8;

    // For each vCPU the four addresses of its range, whether it marks its passes, and what has stopped it: an exception's number and one,
    // what was on its stack then (the error code, or the instruction), and the address of a page fault.
    private const ulong Ranges = GuestCode.Address + GuestCode.Room;
    private const int RangeSize = 64;
    private const int RangeShift = 6;
    private const int High = 16;
    private const int Marks = 32;
    private const int Exception = 40;
    private const int OnStack = 48;
    private const int FaultAddress = 56;

    private const int Exceptions = 32;
    private const ulong Idt = Ranges + 0x1000;
    private const ulong Stacks = Idt + GuestIdt.Size;

    /// <summary>Says which pages each vCPU counts in: an equal share of each range of RAM.</summary>
    public static PatternRange[] RangesOf(GuestRam ram, int cpus)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        ulong lowEnd = ram.Low.End;
        ulong highEnd = ram.Ranges.Count > 1 ? ram.Ranges[1].End : GuestRam.HighAddress;
        if (lowEnd < FirstPage + ((ulong)cpus * PatternRange.PageSize))
        {
            throw new ArgumentException($"{ram.Size} bytes of RAM have no pages for {cpus} vCPUs to count in.", nameof(ram));
        }

        return [.. Enumerable.Range(0, cpus).Select(cpu => new PatternRange(
            Share(FirstPage, lowEnd, cpu, cpus), Share(FirstPage, lowEnd, cpu + 1, cpus),
            Share(GuestRam.HighAddress, highEnd, cpu, cpus), Share(GuestRam.HighAddress, highEnd, cpu + 1, cpus)))];
    }

    /// <summary>Puts the guest into fresh RAM, whose pages are equal.</summary>
    /// <param name="ram">The guest's RAM.</param>
    /// <param name="cpus">How many vCPUs count.</param>
    /// <param name="marksPasses">Whether each writes <see cref="Mark"/> to the serial port after each pass.</param>
    /// <returns>Where each vCPU begins.</returns>
    public static BootEntry[] Load(GuestRam ram, int cpus, bool marksPasses)
    {
        PatternRange[] ranges = RangesOf(ram, cpus);
        (byte[] code, ulong[] handlers) = Code();
        BootEntry[] entries = GuestCode.Load(ram, code, cpus, Stacks);
        GuestIdt.Write(ram, Idt, vector => handlers[Math.Min(vector, Exceptions)]);
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            Span<byte> at = ram.At(Ranges + (ulong)(cpu * RangeSize), RangeSize);
            at.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(at, ranges[cpu].LowStart);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], ranges[cpu].LowEnd);
            BinaryPrimitives.WriteUInt64LittleEndian(at[High..], ranges[cpu].HighStart);
            BinaryPrimitives.WriteUInt64LittleEndian(at[(High + 8)..], ranges[cpu].HighEnd);
            at[Marks] = marksPasses ? (byte)1 : (byte)0;
        }

        return entries;
    }

    /// <summary>Gets the guest address of the two addresses between which a vCPU counts.</summary>
    /// <param name="cpu">The vCPU.</param>
    /// <param name="range">0 for the pages below the hole, 1 for those above it.</param>
    public static ulong BoundsOf(int cpu, int range) => Ranges + (ulong)((cpu * RangeSize) + (range * High));

    /// <summary>Says what has stopped a vCPU; null where nothing has.</summary>
    public static string? FaultOf(GuestRam ram, int cpu)
    {
        ReadOnlySpan<byte> record = ram.At(Ranges + (ulong)(cpu * RangeSize), RangeSize);
        ulong exception = BinaryPrimitives.ReadUInt64LittleEndian(record[Exception..]);
        return exception == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"vCPU {cpu} was stopped by {(exception > Exceptions ? "an interrupt" : $"exception {exception - 1}")}: "
                + $"0x{BinaryPrimitives.ReadUInt64LittleEndian(record[OnStack..]):x} on its stack, "
                + $"CR2 0x{BinaryPrimitives.ReadUInt64LittleEndian(record[FaultAddress..]):x}");
    }

    /// <summary>Assembles the guest's code.</summary>
    /// <returns>The code, and the handler of each exception, after them that of all interrupts.</returns>
    public static (byte[] Code, ulong[] Handlers) Code()
    {
        Assembler a = new(64);
        Label pass = a.CreateLabel();
        a.mov(rbx, rdi);
        a.shl(rbx, RangeShift);
        a.add(rbx, (int)Ranges);
        a.mov(eax, (uint)GuestIdt.PointerOf(Idt));
        a.lidt(__[rax]);
        a.Label(ref pass);
        Walk(a, 0);
        Walk(a, High);
        a.cmp(__byte_ptr[rbx + Marks], 0);
        a.je(pass);
        a.mov(edx, Port);
        a.mov(al, Mark);
        a.@out(dx, al);
        a.jmp(pass);
        return GuestCode.Assemble(a, WriteHandlers(a));
    }

    // Nothing of this is expected to happen. Without it a vCPU that takes an exception resets the guest, and leaves no trace.
    private static Label[] WriteHandlers(Assembler a)
    {
        Label stop = a.CreateLabel();
        var handlers = new Label[Exceptions + 1];
        for (int i = 0; i < handlers.Length; i++)
        {
            handlers[i] = a.CreateLabel();
            a.Label(ref handlers[i]);
            a.mov(rax, __qword_ptr[rsp]);
            a.mov(rcx, cr2);
            a.mov(edx, i + 1);
            a.jmp(stop);
        }

        a.Label(ref stop);
        GuestCode.WriteStop(a, OnStack, FaultAddress, Exception);
        return handlers;
    }

    private static void Walk(Assembler a, int range)
    {
        Label next = a.CreateLabel();
        Label done = a.CreateLabel();
        a.mov(rcx, __qword_ptr[rbx + range]);
        a.mov(rdx, __qword_ptr[rbx + range + 8]);
        a.Label(ref next);
        a.cmp(rcx, rdx);
        a.jae(done);
        a.inc(__byte_ptr[rcx]);
        a.add(rcx, PatternRange.PageSize);
        a.jmp(next);
        a.Label(ref done);
    }

    private static ulong Share(ulong start, ulong end, int part, int parts) =>
        start + ((end - start) / PatternRange.PageSize * (ulong)part / (ulong)parts * PatternRange.PageSize);
}
