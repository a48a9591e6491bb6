using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct kho_vmalloc</c> (<c>include/linux/kho/abi/kexec_handover.h</c>).</summary>
/// <param name="First">The physical address of the first chunk page, 0 for none.</param>
/// <param name="TotalPages">The number of 4 KiB pages of the area.</param>
/// <param name="Flags"><see cref="KHO_VMALLOC_ALLOC"/> and <see cref="KHO_VMALLOC_HUGE_VMAP"/>; the kernel ignores others.</param>
/// <param name="Order">Each address of a chunk stands for <c>1 &lt;&lt; Order</c> pages.</param>
public readonly record struct KhoVmalloc(ulong First, uint TotalPages, ushort Flags, ushort Order) : IKhoSer<KhoVmalloc>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    // kernel/liveupdate/kexec_handover.c
    /// <summary>The kernel's <c>KHO_VMALLOC_ALLOC</c>.</summary>
    public const ushort KHO_VMALLOC_ALLOC = 0x0001;
    /// <summary>The kernel's <c>KHO_VMALLOC_HUGE_VMAP</c>.</summary>
    public const ushort KHO_VMALLOC_HUGE_VMAP = 0x0002;

    /// <summary>Addresses in a chunk page (<c>KHO_VMALLOC_SIZE</c>).</summary>
    public const int KHO_VMALLOC_SIZE = (4096 - 8) / 8;

    static int IKhoSer<KhoVmalloc>.SerSize => Size;

    /// <inheritdoc/>
    public static KhoVmalloc Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_vmalloc");
        return new KhoVmalloc(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(source[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(source[14..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, First);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], TotalPages);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[12..], Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[14..], Order);
    }
}
