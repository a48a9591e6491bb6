using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace LuoInterop.KernelImages;

/// <summary>Holds the text of a kernel's <c>.config</c>, and answers for single options.</summary>
/// <remarks>Immutable and thread-safe. The bytes are not trusted: what is damaged, or unpacks to more than 4 MiB, is no
/// configuration.</remarks>
public sealed class KernelConfiguration
{
    /// <summary>The most bytes of a configuration; distributions' have 300 KB.</summary>
    public const int MaximumBytes = 4 << 20;

    private readonly byte[] _text;

    private KernelConfiguration(byte[] text, string source)
    {
        _text = text;
        Source = source;
    }

    /// <summary>Gets where it was found, for people.</summary>
    public string Source { get; }

    /// <summary>Takes the bytes of a configuration, plain or packed with gzip; null when they are none.</summary>
    public static KernelConfiguration? Parse(byte[] content, string source)
    {
        byte[]? text = content is [0x1f, 0x8b, _, _, ..] ? Unpack(content) : content;
        return text is not null && !text.AsSpan().Contains((byte)0) && Utf8.IsValid(text) && HasOptions(text)
            ? new KernelConfiguration(text, source)
            : null;
    }

    /// <summary>Finds the configuration that lies beside a kernel image, where distributions put it; null where there is none.</summary>
    /// <param name="imagePath">Where the image's file lies.</param>
    /// <param name="release">The image's release, which the files are named after.</param>
    /// <param name="read">Reads the configuration at a path; null where there is none.</param>
    /// <remarks>Distributions put both into one folder, or the configuration into <c>/usr/lib/modules/RELEASE</c> and the image into
    /// <c>/boot</c>. A file of no name but <c>config</c> has to say itself that it is of that release.</remarks>
    public static KernelConfiguration? FindBeside(string imagePath, string release, Func<string, KernelConfiguration?> read)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        ArgumentNullException.ThrowIfNull(release);
        ArgumentNullException.ThrowIfNull(read);
        if (release.Length == 0 || release.Contains('/', StringComparison.Ordinal))
        {
            return null;
        }

        string folder = Path.GetDirectoryName(imagePath) ?? "";
        string[] named = [$"config-{release}", $"../usr/lib/modules/{release}/config", $"../lib/modules/{release}/config"];
        return named.Select(place => read(Path.Combine(folder, place))).FirstOrDefault(static found => found is not null)
            ?? (read(Path.Combine(folder, "config")) is { } unnamed && unnamed.IsOf(release) ? unnamed : null);
    }

    /// <summary>Tells whether an option is set; null where the text is cut before it could say so.</summary>
    /// <param name="option">The option with its prefix, for example <c>CONFIG_KEXEC_HANDOVER</c>.</param>
    public bool? Has(string option)
    {
        byte[] set = Encoding.ASCII.GetBytes(option + "=");
        byte[] notSet = Encoding.ASCII.GetBytes($"# {option} is not set");
        bool isWhole = false;
        ReadOnlySpan<byte> text = _text;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (line.StartsWith(set))
            {
                return line[set.Length..] is [(byte)'y' or (byte)'m'];
            }

            if (line.SequenceEqual(notSet))
            {
                return false;
            }

            // Nothing but io_uring's options comes after this menu (the kernel's Kconfig); Kconfig names the ends of menus since Linux 5.4.
            isWhole |= line.SequenceEqual("# end of Kernel hacking"u8);
        }

        return isWhole ? false : null;
    }

    /// <summary>Gets the text of an option that is a string; null where it is not set.</summary>
    public string? Text(string option)
    {
        byte[] set = Encoding.ASCII.GetBytes(option + "=\"");
        ReadOnlySpan<byte> text = _text;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (line.StartsWith(set) && line.Length > set.Length && line[^1] == (byte)'"')
            {
                // A backslash stands before each quote and backslash.
                return Regex.Replace(Encoding.UTF8.GetString(line[set.Length..^1]), @"\\(.)", "$1");
            }
        }

        return null;
    }

    /// <summary>Tells whether the heading names the version that a release is made of, as <c># Linux/x86 7.3.4 Kernel
    /// Configuration</c>.</summary>
    public bool IsOf(string release)
    {
        const string Mark = "# Linux/";
        const string End = " Kernel Configuration";
        string text = Encoding.UTF8.GetString(_text.AsSpan(0, Math.Min(_text.Length, 1024)));
        string? heading = text.Split('\n').FirstOrDefault(static line =>
            line.StartsWith(Mark, StringComparison.Ordinal) && line.EndsWith(End, StringComparison.Ordinal));
        string version = heading?[..^End.Length].Split(' ')[^1] ?? "";
        return version.Length > 0
            && release.StartsWith(version, StringComparison.Ordinal)
            && (release.Length == version.Length || !(char.IsAsciiDigit(release[version.Length]) || release[version.Length] == '.'));
    }

    private static bool HasOptions(ReadOnlySpan<byte> text)
    {
        foreach (Range range in text.Split((byte)'\n'))
        {
            if (text[range].StartsWith("CONFIG_"u8) || text[range].StartsWith("# CONFIG_"u8))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[]? Unpack(byte[] packed)
    {
        try
        {
            using var unpacker = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            byte[] text = new byte[64 << 10];
            int length = 0;
            while (true)
            {
                int count = unpacker.Read(text, length, text.Length - length);
                length += count;
                if (count == 0)
                {
                    // The trailer has the length; without it the end of a cut file would pass for the end of the text.
                    return BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(packed.Length - sizeof(uint))) == length
                        ? text[..length]
                        : null;
                }

                if (length == text.Length)
                {
                    if (length >= MaximumBytes)
                    {
                        return null;
                    }

                    Array.Resize(ref text, length * 2);
                }
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
