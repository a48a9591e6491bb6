using System.Buffers.Binary;
using LuoInterop;
using MiniVmm.Memory;

namespace MiniVmm.Tests.Boot;

/// <summary>Makes guest RAM that takes no memory until it is written, and reads numbers in it.</summary>
internal static class Guest
{
    public const long MiB = 1 << 20;

    public static GuestRam Ram(long size)
    {
        (long low, long high) = GuestRam.Layout(size);
        return GuestRam.FromFiles(
            Memfd.Create(Kernel.Linux, "low", low), high == 0 ? null : Memfd.Create(Kernel.Linux, "high", high));
    }

    public static byte U8(this GuestRam ram, ulong address) => ram.At(address, 1)[0];

    public static ushort U16(this GuestRam ram, ulong address) => BinaryPrimitives.ReadUInt16LittleEndian(ram.At(address, 2));

    public static uint U32(this GuestRam ram, ulong address) => BinaryPrimitives.ReadUInt32LittleEndian(ram.At(address, 4));

    public static ulong U64(this GuestRam ram, ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(ram.At(address, 8));
}
