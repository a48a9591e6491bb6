using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Arrays;

/// <summary>Codes <c>struct kho_array</c>, the descriptor of a sparse array (<c>include/linux/kho_array.h</c> of a posting).</summary>
/// <remarks>
/// Posted on 9 Sep 2025, Message-Id 20250909144426.33274-2-pratyush@kernel.org. No kernel has it; docs/arrays.md tells the rest.
/// </remarks>
/// <param name="Magic"><see cref="KHO_ARRAY_MAGIC"/>.</param>
/// <param name="Version"><see cref="KHO_ARRAY_VERSION"/>.</param>
/// <param name="Reserved">0; the posted reader does not look at it.</param>
/// <param name="First">The physical address of the first <see cref="KhoArrayPage"/>, 0 for an empty array.</param>
public readonly record struct KhoArray(uint Magic, ushort Version, ushort Reserved, ulong First) : IKhoSer<KhoArray>
{
    public const int Size = 16;

    public const uint KHO_ARRAY_MAGIC = 0x4b415252;
    public const ushort KHO_ARRAY_VERSION = 0;

    static int IKhoSer<KhoArray>.SerSize => Size;

    /// <summary>Makes the descriptor of pages in the only version there is (<c>kho_array_init</c>).</summary>
    public static KhoArray Of(ulong first) => new(KHO_ARRAY_MAGIC, KHO_ARRAY_VERSION, 0, first);

    public static KhoArray Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_array");
        return new KhoArray(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt16LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt16LittleEndian(source[6..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], Reserved);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], First);
    }
}
