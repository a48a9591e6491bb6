using System.Globalization;
using LuoInterop.KernelImages;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Lays out scratch memory on a cold boot (kho_reserve_scratch in kernel/liveupdate/kexec_handover.c).</summary>
internal static class ScratchAreas
{
    /// <summary>Each area is a multiple of this (PAGE_SIZE x MAX_ORDER_NR_PAGES on x86).</summary>
    public const ulong Alignment = 4 << 20;

    // What a small kernel reserves in memblock by then; the percentages of kho_scratch refer to it.
    private static readonly ulong[] Reserved = [8 << 20, 32 << 20, 8 << 20];
    private const uint DefaultScale = 200;

    // ARCH_LOW_ADDRESS_LIMIT of x86.
    private const ulong LowAddressLimit = 1UL << 32;

    /// <summary>Gets the sizes of the lowmem, the global and the node's area, as <c>kho_scratch=</c> says.</summary>
    public static ulong[] Sizes(IReadOnlyList<KernelParameter> parameters)
    {
        uint scale = DefaultScale;
        ulong[] sizes = [0, 0, 0];
        foreach (KernelParameter parameter in parameters)
        {
            // A value that cannot be read leaves what the ones before it said.
            if (parameter.Is("kho_scratch") && parameter.Value is { Length: > 0 } value)
            {
                if (value.EndsWith('%'))
                {
                    scale = Percent(value[..^1]) ?? scale;
                }
                else if (Parse(value) is { } parsed)
                {
                    (sizes, scale) = (parsed, 0);
                }
            }
        }

        sizes = scale == 0 ? sizes : Array.ConvertAll(Reserved, size => size * scale / 100);
        return Array.ConvertAll(sizes, static size => unchecked((size + Alignment - 1) & ~(Alignment - 1)));
    }

    /// <summary>Tells whether memory has room for the areas; KHO is off where it has not.</summary>
    public static bool Fit(ulong[] sizes, ulong memory) =>
        sizes[0] < LowAddressLimit && sizes[0] + (UInt128)sizes[1] + sizes[2] < memory - Alignment;

    /// <summary>Places areas one after the other.</summary>
    public static KhoScratch[] Place(ulong[] sizes, ulong address)
    {
        var areas = new KhoScratch[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            areas[i] = new KhoScratch(address, sizes[i]);
            address += sizes[i];
        }

        return areas;
    }

    // kstrtouint(), of at most ten characters.
    private static uint? Percent(string text)
    {
        string digits = text.StartsWith('+') ? text[1..] : text;
        digits = digits.EndsWith('\n') ? digits[..^1] : digits;
        return text.Length <= 10 && uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out uint percent)
            ? percent
            : null;
    }

    private static ulong[]? Parse(string value)
    {
        var sizes = new ulong[3];
        ReadOnlySpan<char> rest = value;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (i > 0)
            {
                if (rest is not [',', ..])
                {
                    return null;
                }

                rest = rest[1..];
            }

            sizes[i] = KernelParameter.MemParse(rest, out int used);
            if (used == 0)
            {
                return null;
            }

            rest = rest[used..];
        }

        return rest.IsEmpty && unchecked(sizes[0] + sizes[1] + sizes[2]) != 0 ? sizes : null;
    }
}
