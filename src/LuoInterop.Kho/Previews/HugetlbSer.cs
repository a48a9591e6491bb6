using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugetlb_ser</c>, the data of the object "hugetlb-v1" (the RFC's <c>include/linux/kho/abi/hugetlb.h</c>,
/// 20251206230222.853493-7-pratyush@kernel.org).</summary>
/// <param name="First">The first pool.</param>
/// <param name="Second">The second pool.</param>
/// <param name="Third">The third pool; x86 has two.</param>
/// <param name="Fourth">The fourth pool.</param>
/// <param name="NrHstates">How many of them mean something.</param>
internal readonly record struct HugetlbSer(
    HugetlbHstateSer First, HugetlbHstateSer Second, HugetlbHstateSer Third, HugetlbHstateSer Fourth, byte NrHstates)
    : IKhoSer<HugetlbSer>
{
    public const int HUGETLB_SER_MAX_HSTATES = 4;

    /// <summary>The structure is packed.</summary>
    public const int Size = (HUGETLB_SER_MAX_HSTATES * HugetlbHstateSer.Size) + 1;

    /// <summary>The object's name in <see cref="LuoFlbSer.Name"/>.</summary>
    public const string HUGETLB_FLB_COMPATIBLE = "hugetlb-v1";

    static int IKhoSer<HugetlbSer>.SerSize => Size;

    public static HugetlbSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugetlb_ser");
        return new HugetlbSer(
            HugetlbHstateSer.Read(source),
            HugetlbHstateSer.Read(source[HugetlbHstateSer.Size..]),
            HugetlbHstateSer.Read(source[(2 * HugetlbHstateSer.Size)..]),
            HugetlbHstateSer.Read(source[(3 * HugetlbHstateSer.Size)..]),
            source[Size - 1]);
    }

    public void Write(Span<byte> destination)
    {
        First.Write(destination);
        Second.Write(destination[HugetlbHstateSer.Size..]);
        Third.Write(destination[(2 * HugetlbHstateSer.Size)..]);
        Fourth.Write(destination[(3 * HugetlbHstateSer.Size)..]);
        destination[Size - 1] = NrHstates;
    }

    /// <summary>Gets a pool by its place in the array.</summary>
    public HugetlbHstateSer this[int index] => index switch
    {
        0 => First,
        1 => Second,
        2 => Third,
        3 => Fourth,
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <summary>Finds the place of the first pool of an order, or -1 (hugetlb_flb_get_hser).</summary>
    /// <remarks>The kernel believes the count; here no more than the array's four are looked at.</remarks>
    public int Find(int order)
    {
        for (int i = 0; i < Math.Min(NrHstates, (byte)HUGETLB_SER_MAX_HSTATES); i++)
        {
            if (this[i].Order == order)
            {
                return i;
            }
        }

        return -1;
    }
}
