using System.Globalization;
using System.Text.RegularExpressions;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Is a kernel's version, as its release begins with it.</summary>
/// <param name="Major">The first number.</param>
/// <param name="Minor">The second number.</param>
/// <param name="Patch">The third number; 0 where there is none.</param>
/// <param name="Candidate">The number of the release candidate; <see cref="Final"/> for none.</param>
internal readonly partial record struct KernelRelease(int Major, int Minor, int Patch, int Candidate) : IComparable<KernelRelease>
{
    private const int Final = int.MaxValue;

    public KernelRelease(int major, int minor, int patch = 0)
        : this(major, minor, patch, Final)
    {
    }

    /// <summary>Reads a release such as <c>7.3.4-cloud-amd64</c> or <c>7.2.0-rc4</c>; null for what is none.</summary>
    public static KernelRelease? Parse(string? release)
    {
        Match match = Form().Match(release ?? "");
        return match.Success
            ? new(
                Number(match, "major"),
                Number(match, "minor"),
                Number(match, "patch"),
                match.Groups["rc"].Success ? Number(match, "rc") : Final)
            : null;
    }

    public static bool operator <(KernelRelease left, KernelRelease right) => left.CompareTo(right) < 0;

    public static bool operator >(KernelRelease left, KernelRelease right) => left.CompareTo(right) > 0;

    public static bool operator <=(KernelRelease left, KernelRelease right) => left.CompareTo(right) <= 0;

    public static bool operator >=(KernelRelease left, KernelRelease right) => left.CompareTo(right) >= 0;

    public int CompareTo(KernelRelease other) =>
        (Major, Minor, Patch, Candidate).CompareTo((other.Major, other.Minor, other.Patch, other.Candidate));

    public override string ToString() => $"{Major}.{Minor}" + (Patch > 0 ? $".{Patch}" : "")
        + (Candidate != Final ? $"-rc{Candidate}" : "");

    private static int Number(Match match, string group) =>
        match.Groups[group].Success ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?<major>\d{1,4})\.(?<minor>\d{1,4})(\.(?<patch>\d{1,5}))?(-rc(?<rc>\d{1,3}))?(?![0-9.])",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
