using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct khoser_mem_bitmap_ptr</c> (<c>kernel/kexec_handover.c</c>, Linux 6.16 to 7.0).</summary>
/// <param name="PhysStart">The physical address that the bitmap's bit 0 stands for.</param>
/// <param name="Bitmap">The physical address of the bitmap.</param>
public readonly record struct KhoserMemBitmapPtr(ulong PhysStart, ulong Bitmap) : IKhoSer<KhoserMemBitmapPtr>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    static int IKhoSer<KhoserMemBitmapPtr>.SerSize => Size;

    /// <inheritdoc/>
    public static KhoserMemBitmapPtr Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "khoser_mem_bitmap_ptr");
        return new KhoserMemBitmapPtr(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, PhysStart);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Bitmap);
    }
}
