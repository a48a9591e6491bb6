using System.Buffers.Binary;
using MiniVmm.Memory;

namespace MiniVmm.Boot;

/// <summary>Writes the table by which a guest without ACPI finds its processors and interrupts.</summary>
/// <remarks>
/// Intel's MultiProcessor Specification 1.4. The table is in the last KiB below 640 KiB, where the kernel looks
/// (<c>mpparse_find_mptable</c> in <c>arch/x86/kernel/mpparse.c</c>). Local APICs have the vCPUs' numbers. An ISA interrupt is the IOAPIC's
/// pin of its number, as KVM routes it by default.
/// </remarks>
internal static class MpTable
{
    /// <summary>The address of the floating pointer; the table follows it.</summary>
    public const ulong Address = 639 << 10;

    /// <summary>How many bytes there are for both.</summary>
    public const int Room = 1 << 10;

    /// <summary>The most vCPUs that a table names.</summary>
    public const int MaxCpus = 32;

    /// <summary>The address of the IOAPIC.</summary>
    public const uint IoApicAddress = 0xfec0_0000;

    /// <summary>The address of the local APICs.</summary>
    public const uint LocalApicAddress = 0xfee0_0000;

    private const int PointerSize = 16;
    private const int HeaderSize = 44;
    private const int IsaInterrupts = 16;

    // Entry types and their bits: <asm/mpspec_def.h>.
    private const byte Processor = 0;
    private const byte Bus = 1;
    private const byte IoApic = 2;
    private const byte InterruptSource = 3;
    private const byte LocalInterruptSource = 4;
    private const byte CpuEnabled = 1;
    private const byte CpuBootProcessor = 2;
    private const byte Usable = 1;
    private const byte TypeInt = 0;
    private const byte TypeNmi = 1;
    private const byte TypeExtInt = 3;
    private const byte AllLocalApics = 0xff;
    private const byte SpecVersion = 4;

    // What KVM's APICs have in their version registers (arch/x86/kvm/lapic.c, ioapic.h).
    private const byte LocalApicVersion = 0x14;
    private const byte IoApicVersion = 0x11;

    // Family 6, with FPU and APIC: the kernel asks CPUID, and not this.
    private const uint CpuSignature = 0x600;
    private const uint CpuFeatures = 0x201;

    /// <summary>Writes the table.</summary>
    /// <param name="ram">The guest's RAM.</param>
    /// <param name="cpus">How many vCPUs there are, 1 to <see cref="MaxCpus"/>.</param>
    public static void Write(GuestRam ram, int cpus)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cpus, MaxCpus);
        Span<byte> all = ram.At(Address, Room);
        all.Clear();
        Span<byte> table = all[PointerSize..];
        int end = HeaderSize;
        int entries = 0;
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            Span<byte> entry = Next(table, 20, Processor, ref end, ref entries);
            entry[1] = (byte)cpu;
            entry[2] = LocalApicVersion;
            entry[3] = cpu == 0 ? (byte)(CpuEnabled | CpuBootProcessor) : CpuEnabled;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], CpuSignature);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], CpuFeatures);
        }

        "ISA   "u8.CopyTo(Next(table, 8, Bus, ref end, ref entries)[2..]);

        Span<byte> ioApic = Next(table, 8, IoApic, ref end, ref entries);
        ioApic[1] = (byte)cpus;
        ioApic[2] = IoApicVersion;
        ioApic[3] = Usable;
        BinaryPrimitives.WriteUInt32LittleEndian(ioApic[4..], IoApicAddress);

        for (int irq = 0; irq < IsaInterrupts; irq++)
        {
            // Polarity and trigger mode are the bus's; the bus is number 0.
            Span<byte> entry = Next(table, 8, InterruptSource, ref end, ref entries);
            entry[1] = TypeInt;
            entry[5] = (byte)irq;
            entry[6] = (byte)cpus;
            entry[7] = (byte)irq;
        }

        AddLocal(Next(table, 8, LocalInterruptSource, ref end, ref entries), TypeExtInt, 0, 0);
        AddLocal(Next(table, 8, LocalInterruptSource, ref end, ref entries), TypeNmi, AllLocalApics, 1);

        "PCMP"u8.CopyTo(table);
        BinaryPrimitives.WriteUInt16LittleEndian(table[4..], (ushort)end);
        table[6] = SpecVersion;
        "LUO     "u8.CopyTo(table[8..]);
        "MINIVMM     "u8.CopyTo(table[16..]);
        BinaryPrimitives.WriteUInt16LittleEndian(table[34..], (ushort)entries);
        BinaryPrimitives.WriteUInt32LittleEndian(table[36..], LocalApicAddress);
        table[7] = Complement(table[..end]);

        Span<byte> pointer = all[..PointerSize];
        "_MP_"u8.CopyTo(pointer);
        BinaryPrimitives.WriteUInt32LittleEndian(pointer[4..], (uint)Address + PointerSize);
        pointer[8] = PointerSize / 16;
        pointer[9] = SpecVersion;
        pointer[10] = Complement(pointer);
    }

    private static Span<byte> Next(Span<byte> table, int size, byte type, ref int end, ref int entries)
    {
        Span<byte> entry = table.Slice(end, size);
        entry[0] = type;
        end += size;
        entries++;
        return entry;
    }

    private static void AddLocal(Span<byte> entry, byte type, byte localApic, byte pin)
    {
        entry[1] = type;
        entry[6] = localApic;
        entry[7] = pin;
    }

    /// <summary>Gives the byte with which all bytes add up to 0.</summary>
    private static byte Complement(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return (byte)-sum;
    }
}
