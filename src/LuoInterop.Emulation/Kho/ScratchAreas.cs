using System.Globalization;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Lays out scratch memory on a cold boot (kho_reserve_scratch in kernel/liveupdate/kexec_handover.c).</summary>
internal static class ScratchAreas
{
    /// <summary>Each area is a multiple of this (PAGE_SIZE x MAX_ORDER_NR_PAGES on x86).</summary>
    public const ulong Alignment = 4 << 20;

    // What a small kernel reserves in memblock by then; the percentages of kho_scratch refer to it.
    private static readonly ulong[] Reserved = [8 << 20, 32 << 20, 8 << 20];
    private const ulong DefaultScale = 200;

    /// <summary>Gets the sizes of the lowmem, the global and the node's area, as <c>kho_scratch=</c> says.</summary>
    public static ulong[] Sizes(IReadOnlyList<string> words)
    {
        ulong[] sizes = Scaled(DefaultScale);
        foreach (string word in words)
        {
            // A value that does not parse is ignored, with the words before it in force (kho_parse_scratch_size).
            if (word.StartsWith("kho_scratch=", StringComparison.Ordinal) && Parse(word["kho_scratch=".Length..]) is { } parsed)
            {
                sizes = parsed;
            }
        }

        return Array.ConvertAll(sizes, static size => (size + Alignment - 1) & ~(Alignment - 1));
    }

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

    private static ulong[] Scaled(ulong percent) => Array.ConvertAll(Reserved, size => size * percent / 100);

    private static ulong[]? Parse(string value)
    {
        if (value.EndsWith('%'))
        {
            return ulong.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong percent)
                && percent is > 0 and < 100_000
                    ? Scaled(percent)
                    : null;
        }

        string[] parts = value.Split(',');
        if (parts.Length != 3)
        {
            return null;
        }

        var sizes = new ulong[3];
        ulong total = 0;
        for (int i = 0; i < 3; i++)
        {
            if (!TryParseSize(parts[i], out sizes[i]))
            {
                return null;
            }

            total += sizes[i];
        }

        return total > 0 ? sizes : null;
    }

    // memparse() of lib/cmdline.c, without octal and hexadecimal numbers.
    private static bool TryParseSize(string text, out ulong size)
    {
        int shift = text.Length == 0 ? 0 : text[^1] switch
        {
            'k' or 'K' => 10,
            'm' or 'M' => 20,
            'g' or 'G' => 30,
            _ => 0,
        };
        ReadOnlySpan<char> digits = shift == 0 ? text : text.AsSpan(0, text.Length - 1);
        bool parsed = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size < 1UL << 40;
        size <<= shift;
        return parsed && size < 1UL << 44;
    }
}
