using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.KernelImages.Contents;

/// <summary>Reads the sections in which kernels say what they can carry. Which form a section has, its name says.</summary>
/// <remarks>Both are posted, and not merged: <c>.liveupdate_versions</c> in December 2025, <c>.liveupdate_features</c> in September
/// 2026. Both begin with the same magic number and version.</remarks>
internal static class LiveUpdateSections
{
    private const uint Magic = 0x4c565550;
    private const uint FormatVersion = 1;
    private const int HeaderSize = 8;
    private const int NameSize = 48;
    private const int FeatureSize = 80;

    private static readonly (string Section, Func<ReadOnlySpan<byte>, IEnumerable<LiveUpdateFeature>> Read)[] s_forms =
    [
        (".liveupdate_versions", ReadVersions),
        (".liveupdate_features", ReadFeatures),
    ];

    /// <summary>Gets the names of the sections that are known.</summary>
    public static IEnumerable<string> Names => s_forms.Select(static form => form.Section);

    /// <summary>Reads a section.</summary>
    /// <param name="name">Its name, one of <see cref="Names"/>.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <exception cref="KernelImageException">They are of another form.</exception>
    public static IReadOnlyList<LiveUpdateFeature> Read(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != FormatVersion)
        {
            throw new KernelImageException(
                KernelImageError.Damaged, $"The section {name} does not begin with {Magic:x8} and version {FormatVersion}.");
        }

        foreach ((string section, Func<ReadOnlySpan<byte>, IEnumerable<LiveUpdateFeature>> read) in s_forms)
        {
            if (section == name)
            {
                return [.. read(bytes[HeaderSize..])];
            }
        }

        throw new ArgumentException($"{name} is none of the sections that are known.", nameof(name));
    }

    private static List<LiveUpdateFeature> ReadVersions(ReadOnlySpan<byte> bytes)
    {
        var found = new List<LiveUpdateFeature>();
        for (; bytes.Length >= NameSize; bytes = bytes[NameSize..])
        {
            if (Name(bytes) is { Length: > 0 } name)
            {
                found.Add(new(name, 0, 0, 0));
            }
        }

        return found;
    }

    private static List<LiveUpdateFeature> ReadFeatures(ReadOnlySpan<byte> bytes)
    {
        var found = new List<LiveUpdateFeature>();
        for (; bytes.Length >= FeatureSize; bytes = bytes[FeatureSize..])
        {
            if (Name(bytes) is { Length: > 0 } name)
            {
                found.Add(new(name, UInt64(bytes, 56), UInt64(bytes, 64), UInt64(bytes, 72)));
            }
        }

        return found;

        static ulong UInt64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
    }

    private static string Name(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..NameSize];
        int end = bytes.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
