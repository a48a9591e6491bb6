using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Arrays;

/// <summary>Codes the head of <c>struct kho_array_page</c>,
/// which 510 entries follow (see <see cref="KhoArray"/> for the posting).</summary>
/// <param name="Next">The physical address of the next page, 0 in the last.</param>
/// <param name="StartPos">The position of the first entry; the next one has the next position, and so on.</param>
public readonly record struct KhoArrayPage(ulong Next, ulong StartPos) : IKhoSer<KhoArrayPage>
{
    public const int Size = 16;

    /// <summary>Bytes of a page of the array.</summary>
    public const int PageSize = KhoRadixTree.PageSize;

    /// <summary>Entries of a page, holes included.</summary>
    public const int KA_PAGE_NR_ENTRIES = (PageSize - Size) / sizeof(ulong);

    static int IKhoSer<KhoArrayPage>.SerSize => Size;

    public static KhoArrayPage Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_array_page");
        return new KhoArrayPage(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Next);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], StartPos);
    }
}
