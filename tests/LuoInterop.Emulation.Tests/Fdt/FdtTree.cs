namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Holds one tree in a page.</summary>
/// <param name="Form">What it is judged as.</param>
/// <param name="Fill">The page's other bytes.</param>
/// <param name="Offset">Where it begins in the page.</param>
/// <param name="Bytes">The tree; a damaged header may say that it is longer than the page.</param>
internal sealed record FdtTree(FdtForm Form, byte Fill, int Offset, byte[] Bytes)
{
    public const int PageSize = 4096;

    /// <summary>Gets whether a property may say that it has nearly 4 GiB.</summary>
    /// <remarks>
    /// The sum of such a length and an offset wraps. libfdt before 1.7.0 then takes the property for one of a few bytes, and
    /// some trees for endless; Linux ends the tree there.
    /// </remarks>
    public bool HasWrappingLength
    {
        get
        {
            Span<byte> page = stackalloc byte[PageSize];
            CopyTo(page);
            Span<byte> rest = page;
            ReadOnlySpan<byte> start = [0, 0, 0, 3, 0xff, 0xff, 0xff];
            for (int at = rest.IndexOf(start); at >= 0 && at + start.Length < rest.Length; at = rest.IndexOf(start))
            {
                rest = rest[(at + start.Length)..];
                if (rest[0] >= 0xf0)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public void CopyTo(Span<byte> page)
    {
        page.Fill(Fill);
        Bytes.CopyTo(page[Offset..]);
    }

    public override string ToString() => $"{Form} at {Offset}, filled with 0x{Fill:x2}: {Convert.ToHexStringLower(Bytes)}";
}
