namespace LuoInterop.Emulation.Boot;

/// <summary>Knows the kernels that can be emulated.</summary>
internal static class KernelRelease
{
    /// <summary>Tells whether a release is Linux 7.2 or 7.3: one format, kho-v4 and luo-v5, and one set of rules.</summary>
    public static bool IsKnown(string release) => HasPrefix(release, "7.2") || HasPrefix(release, "7.3");

    private static bool HasPrefix(string release, string prefix) =>
        release.StartsWith(prefix, StringComparison.Ordinal) && (release.Length == prefix.Length || !char.IsAsciiDigit(release[prefix.Length]));
}
