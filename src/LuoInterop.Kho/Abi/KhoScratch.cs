using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct kho_scratch</c> (<c>include/linux/kexec_handover.h</c>): one scratch area.</summary>
/// <param name="Address">The area's physical address (<c>addr</c>).</param>
/// <param name="Length">The area's size in bytes (<c>size</c>).</param>
public readonly record struct KhoScratch(ulong Address, ulong Length) : IKhoSer<KhoScratch>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    static int IKhoSer<KhoScratch>.SerSize => Size;

    /// <inheritdoc/>
    public static KhoScratch Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_scratch");
        return new KhoScratch(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Address);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Length);
    }
}
