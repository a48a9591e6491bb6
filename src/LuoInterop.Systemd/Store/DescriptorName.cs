using System.Globalization;

namespace LuoInterop.Systemd.Store;

/// <summary>Is a descriptor's name as a program says it, with the generation that tells a replacement from what it replaces.</summary>
/// <remarks>
/// <para>systemd keeps several descriptors under one name, removes all of a name at once, and turns their order around with each
/// daemon-reload (service_add_fd_store puts the newest first, and reading a list back does so again). So neither name nor order says
/// which copy is the newest. A replacement therefore has a name of its own: <c>cache</c>, then <c>cache~2</c>, <c>cache~3</c>.</para>
/// <para>A name that was never replaced is as it is, so that those of units (LUOSession=, FileDescriptorName=) are too.</para>
/// </remarks>
internal readonly record struct DescriptorName(string Name, ulong Generation)
{
    /// <summary>The most bytes of a name in systemd (FDNAME_MAX).</summary>
    public const int MostStored = 255;

    /// <summary>The most characters of a name here: a generation must fit behind it.</summary>
    public const int Most = MostStored - 21;

    private const char Separator = '~';

    /// <summary>Gets the name that systemd is told.</summary>
    public string Stored => Generation <= 1 ? Name : string.Create(CultureInfo.InvariantCulture, $"{Name}{Separator}{Generation}");

    /// <summary>Reads a name that systemd passed.</summary>
    public static DescriptorName Parse(string stored)
    {
        int separator = stored.LastIndexOf(Separator);
        return separator > 0
            && stored.AsSpan(separator + 1) is { Length: > 0 } digits
            && digits[0] is >= '1' and <= '9'
            && ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong generation)
            && generation > 1
            ? new DescriptorName(stored[..separator], generation)
            : new DescriptorName(stored, 1);
    }

    /// <summary>Refuses what systemd would ignore (fdname_is_valid), and what would be read as a generation.</summary>
    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > Most)
        {
            throw new ArgumentException($"A descriptor's name has 1 to {Most} characters; this one has {name.Length}.", nameof(name));
        }

        if (!IsValidStored(name))
        {
            throw new ArgumentException(
                "A descriptor's name is of printable ASCII characters without ':'. systemd would ignore another.", nameof(name));
        }

        if (Parse(name).Generation != 1)
        {
            throw new ArgumentException("A descriptor's name does not end with '~' and a number: replacements are named so.", nameof(name));
        }
    }

    /// <summary>Says whether systemd takes a name.</summary>
    public static bool IsValidStored(string name) => name.Length <= MostStored && !name.AsSpan().ContainsAnyExceptInRange(' ', '~')
        && !name.Contains(':', StringComparison.Ordinal);
}
