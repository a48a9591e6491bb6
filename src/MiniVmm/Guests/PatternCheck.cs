using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Checks the pages of a <see cref="PatternGuest"/> that does not run.</summary>
internal static class PatternCheck
{
    /// <summary>Checks one vCPU's pages: along them the byte may fall at one place, by one.</summary>
    public static PatternResult Check(GuestRam ram, PatternRange range)
    {
        long modulus = 256 * range.Pages;
        byte first = ram.At(range.AddressOf(0), 1)[0];
        byte expected = first;
        long edge = range.Pages;
        for (long page = 1; page < range.Pages; page++)
        {
            ulong address = range.AddressOf(page);
            byte value = ram.At(address, 1)[0];
            if (value == expected)
            {
                continue;
            }

            if (edge < range.Pages || value != (byte)(first - 1))
            {
                return new PatternResult(0, modulus, address, edge < range.Pages
                    ? $"Page 0x{address:x} has {value}, where {expected} is expected after the edge at 0x{range.AddressOf(edge):x}."
                    : $"Page 0x{address:x} has {value}, where {first} or {(byte)(first - 1)} is expected.");
            }

            expected = value;
            edge = page;
        }

        // Pages before the edge have been counted in once more than those after it.
        long passes = (byte)(first - 1);
        return new PatternResult(((passes * range.Pages) + edge) % modulus, modulus, null, null);
    }

    /// <summary>Checks the pages of all vCPUs.</summary>
    public static PatternResult[] CheckAll(GuestRam ram, int cpus) =>
        [.. PatternGuest.RangesOf(ram, cpus).Select(range => Check(ram, range))];
}
