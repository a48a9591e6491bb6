using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugetlb_ser</c> of the first work on HugeTLB, which handed over whole pools (the talk's option 1;
/// never posted).</summary>
/// <param name="NrHstates">How many of the four pools mean something.</param>
/// <param name="First">The first pool; six bytes of padding lie before it.</param>
/// <param name="Second">The second pool.</param>
/// <param name="Third">The third pool; x86 has two.</param>
/// <param name="Fourth">The fourth pool.</param>
internal readonly record struct HugetlbPoolSer(
    ushort NrHstates, HugetlbPoolHstateSer First, HugetlbPoolHstateSer Second, HugetlbPoolHstateSer Third, HugetlbPoolHstateSer Fourth)
    : IKhoSer<HugetlbPoolSer>
{
    private const int Hstates = 8;

    public const int Size = Hstates + (HugetlbSer.HUGETLB_SER_MAX_HSTATES * HugetlbPoolHstateSer.Size);

    /// <summary>The object's name in <see cref="LuoFlbSer.Name"/>.</summary>
    public const string HUGETLB_FLB_NAME = "hugetlb";

    static int IKhoSer<HugetlbPoolSer>.SerSize => Size;

    public static HugetlbPoolSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugetlb_ser");
        return new HugetlbPoolSer(
            BinaryPrimitives.ReadUInt16LittleEndian(source),
            HugetlbPoolHstateSer.Read(source[Hstates..]),
            HugetlbPoolHstateSer.Read(source[(Hstates + HugetlbPoolHstateSer.Size)..]),
            HugetlbPoolHstateSer.Read(source[(Hstates + (2 * HugetlbPoolHstateSer.Size))..]),
            HugetlbPoolHstateSer.Read(source[(Hstates + (3 * HugetlbPoolHstateSer.Size))..]));
    }

    public void Write(Span<byte> destination)
    {
        destination[..Hstates].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(destination, NrHstates);
        First.Write(destination[Hstates..]);
        Second.Write(destination[(Hstates + HugetlbPoolHstateSer.Size)..]);
        Third.Write(destination[(Hstates + (2 * HugetlbPoolHstateSer.Size))..]);
        Fourth.Write(destination[(Hstates + (3 * HugetlbPoolHstateSer.Size))..]);
    }

    /// <summary>Gets the pools that mean something, at most four.</summary>
    public ReadOnlySpan<HugetlbPoolHstateSer> Pools =>
        new HugetlbPoolHstateSer[] { First, Second, Third, Fourth }.AsSpan(
            0, Math.Min(NrHstates, (ushort)HugetlbSer.HUGETLB_SER_MAX_HSTATES));
}
