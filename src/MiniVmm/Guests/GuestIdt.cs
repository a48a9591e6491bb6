using System.Buffers.Binary;
using MiniVmm.Boot;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Writes the table that says where a guest's exceptions and interrupts go.</summary>
internal static class GuestIdt
{
    /// <summary>The bytes of the table, and of the page after it with what LIDT loads.</summary>
    public const ulong Size = 0x2000;

    private const int Vectors = 256;
    private const int GateSize = 16;
    private const int PointerSize = 10;

    // Present, ring 0, 64-bit interrupt gate (SDM volume 3, figure 7-8).
    private const byte InterruptGate = 0x8e;

    /// <summary>Gets where what LIDT loads is, of a table at an address.</summary>
    public static ulong PointerOf(ulong idt) => idt + 0x1000;

    /// <summary>Writes the table.</summary>
    /// <param name="ram">The guest's RAM.</param>
    /// <param name="idt">Where it is to be, a page.</param>
    /// <param name="handlerOf">Gives the address of a vector's handler.</param>
    public static void Write(GuestRam ram, ulong idt, Func<int, ulong> handlerOf)
    {
        for (int vector = 0; vector < Vectors; vector++)
        {
            ulong handler = handlerOf(vector);
            Span<byte> gate = ram.At(idt + (ulong)(vector * GateSize), GateSize);
            gate.Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(gate, (ushort)handler);
            BinaryPrimitives.WriteUInt16LittleEndian(gate[2..], LongMode.CodeSelector);
            gate[5] = InterruptGate;
            BinaryPrimitives.WriteUInt16LittleEndian(gate[6..], (ushort)(handler >> 16));
            BinaryPrimitives.WriteUInt32LittleEndian(gate[8..], (uint)(handler >> 32));
        }

        Span<byte> pointer = ram.At(PointerOf(idt), PointerSize);
        BinaryPrimitives.WriteUInt16LittleEndian(pointer, (Vectors * GateSize) - 1);
        BinaryPrimitives.WriteUInt64LittleEndian(pointer[2..], idt);
    }
}
