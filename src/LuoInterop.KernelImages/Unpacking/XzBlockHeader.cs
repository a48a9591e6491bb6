namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Is what the header of a block of xz says of its filters.</summary>
/// <param name="WindowCode">The size of LZMA2's window, as LZMA2 codes it.</param>
/// <param name="HasBranches">Whether x86 branches were made absolute before packing.</param>
internal readonly record struct XzBlockHeader(byte WindowCode, bool HasBranches)
{
    private const ulong Lzma2 = 0x21;
    private const ulong X86Branches = 0x04;
    private const byte HasPackedSize = 0x40;
    private const byte HasPlainSize = 0x80;
    private const byte FilterCount = 3;
    private const int LargestCode = 40;

    /// <summary>Gets the bytes of the window.</summary>
    public long Window => WindowCode == LargestCode ? uint.MaxValue : (2L | (uint)(WindowCode & 1)) << ((WindowCode / 2) + 11);

    /// <summary>Reads what follows the header's first byte, which is its length.</summary>
    /// <exception cref="KernelImageException">It is damaged, or has a filter that kernels are not packed with.</exception>
    public static XzBlockHeader Read(ReadOnlySpan<byte> header)
    {
        int at = 1;
        byte flags = header[0];
        for (int sizes = ((flags & HasPackedSize) != 0 ? 1 : 0) + ((flags & HasPlainSize) != 0 ? 1 : 0); sizes > 0; sizes--)
        {
            _ = Integer(header, ref at);
        }

        bool hasBranches = false;
        for (int left = flags & FilterCount; ; left--)
        {
            ulong filter = Integer(header, ref at);
            ulong length = Integer(header, ref at);
            if (length > (ulong)(header.Length - at))
            {
                throw Damaged();
            }

            ReadOnlySpan<byte> properties = header.Slice(at, (int)length);
            at += (int)length;
            if (filter == X86Branches && left > 0 && !hasBranches && length == 0)
            {
                hasBranches = true;
            }
            else if (filter == Lzma2 && left == 0 && properties is [<= LargestCode and var code])
            {
                return new(code, hasBranches);
            }
            else
            {
                throw new KernelImageException(
                    KernelImageError.UnknownCompression, $"A block of xz has the filter {filter:x} with {length} bytes of properties.");
            }
        }
    }

    private static ulong Integer(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 63 && at < bytes.Length; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged();
    }

    private static KernelImageException Damaged() => new(KernelImageError.Damaged, "The header of a block of xz is damaged.");
}
