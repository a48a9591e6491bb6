using System.Globalization;
using System.Text;

namespace LuoInterop.MemoryImages;

/// <summary>Holds what the kernel tells readers of its memory: the text VMCOREINFO (<c>kernel/vmcore_info.c</c>).</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
public sealed class VmCoreInfo
{
    /// <summary>The most bytes that are read; the kernel's text is one page.</summary>
    internal const int MaxBytes = 1 << 16;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private VmCoreInfo(string text) => Text = text;

    /// <summary>Gets the text: printable ASCII, lines of <c>KEY=VALUE</c>.</summary>
    public string Text { get; }

    /// <summary>Gets the kernel's release, <c>uname -r</c>; null where it is not told.</summary>
    public string? Release => this["OSRELEASE"];

    /// <summary>Gets the size of the kernel's pages in bytes; null where it is not told.</summary>
    public int? PageSize => int.TryParse(this["PAGESIZE"], NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : null;

    /// <summary>Gets a line's value, or null.</summary>
    public string? this[string key] => _values.GetValueOrDefault(key);

    /// <summary>Reads a text; what follows a NUL, or a byte that is no text, is ignored. Of a line that is there twice the first
    /// counts.</summary>
    public static VmCoreInfo Parse(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, MaxBytes)];
        int end = 0;
        while (end < bytes.Length && bytes[end] is (byte)'\n' or >= (byte)' ' and <= (byte)'~')
        {
            end++;
        }

        var info = new VmCoreInfo(Encoding.ASCII.GetString(bytes[..end]));
        foreach (string line in info.Text.Split('\n'))
        {
            int at = line.IndexOf('=', StringComparison.Ordinal);
            if (at > 0)
            {
                info._values.TryAdd(line[..at], line[(at + 1)..]);
            }
        }

        return info;
    }
}
