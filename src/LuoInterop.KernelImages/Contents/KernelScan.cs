using System.Buffers;
using System.Text;

namespace LuoInterop.KernelImages.Contents;

/// <summary>Looks through an unpacked kernel once, from front to end, for the texts that say what it is and what it carries.</summary>
/// <remarks>Holds a piece of constant size, and the packed configuration while it passes.</remarks>
internal sealed class KernelScan
{
    private const int PieceSize = 256 << 10;
    private const int LongestConfiguration = 1 << 20;
    private const int LongestBanner = 512;
    private const int HeadSize = 64;

    /// <summary>What may be cut at the end of a piece, and is looked at again with the next.</summary>
    private const int Overlap = 1024;

    private readonly SortedSet<string> _compatible = new(StringComparer.Ordinal);
    private ArrayBufferWriter<byte>? _configuration;
    private bool _hasPassedConfiguration;

    // kernel/configs.c.
    private static ReadOnlySpan<byte> ConfigurationStart => "IKCFG_ST\x1f"u8;

    private static ReadOnlySpan<byte> ConfigurationEnd => "IKCFG_ED"u8;

    // linux_banner of init/version-timestamp.c.
    private static ReadOnlySpan<byte> BannerStart => "Linux version "u8;

    /// <summary>Gets the first bytes.</summary>
    public byte[] Head { get; private set; } = [];

    /// <summary>Gets the version as the kernel shows it at boot; null where none was found.</summary>
    public string? Version { get; private set; }

    /// <summary>Gets the built-in configuration (CONFIG_IKCONFIG); null where there is none.</summary>
    public KernelConfiguration? Configuration { get; private set; }

    /// <summary>Gets the texts that are compared at a live update.</summary>
    public IReadOnlyCollection<string> Compatible => _compatible;

    /// <summary>Gets whether the kernel has the name of LUO's device and parameter; KHO alone has it in names of files only.</summary>
    public bool HasLiveUpdate { get; private set; }

    /// <summary>Gets whether it reads <c>kho_scratch=</c> (Linux 6.16 to 7.3).</summary>
    public bool ReadsScratch { get; private set; }

    /// <summary>Gets whether it reads <c>kho_bootmem=</c> (from Linux 7.4 on).</summary>
    public bool ReadsBootMemory { get; private set; }

    /// <summary>Gets whether it has a section that says what it can carry.</summary>
    public bool HasSection { get; private set; }

    /// <summary>Gets the bytes that came out.</summary>
    public long Length { get; private set; }

    /// <summary>Looks through a kernel.</summary>
    /// <param name="kernel">What comes out of its packing.</param>
    /// <param name="most">The most bytes that may come out.</param>
    /// <exception cref="KernelImageException">More come out.</exception>
    public static KernelScan Of(Stream kernel, long most)
    {
        var scan = new KernelScan();
        byte[] piece = new byte[PieceSize];
        int kept = 0;
        while (true)
        {
            int count = kernel.ReadAtLeast(piece.AsSpan(kept), piece.Length - kept, throwOnEndOfStream: false);
            bool isStart = scan.Length == 0;
            scan.Head = isStart ? piece[..Math.Min(count, HeadSize)] : scan.Head;
            scan.Length += count;
            if (scan.Length > most)
            {
                throw new KernelImageException(KernelImageError.TooLarge, $"More than {most} bytes come out of the kernel's packing.");
            }

            bool isEnd = kept + count < piece.Length;
            scan.Look(piece.AsSpan(0, kept + count), kept, isStart);
            if (isEnd)
            {
                return scan;
            }

            kept = Overlap;
            piece.AsSpan(piece.Length - kept).CopyTo(piece);
        }
    }

    private void Look(ReadOnlySpan<byte> bytes, int seen, bool isStart)
    {
        CompatibleTexts.Find(bytes, isStart, _compatible);
        ReadsScratch |= bytes.IndexOf("\0kho_scratch\0"u8) >= 0;
        ReadsBootMemory |= bytes.IndexOf("\0kho_bootmem\0"u8) >= 0;
        FindLiveUpdate(bytes);
        Version ??= FindBanner(bytes);
        if (!_hasPassedConfiguration)
        {
            FindConfiguration(bytes, seen);
        }
    }

    private void FindLiveUpdate(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> name = "liveupdate"u8;
        for (int from = 0; bytes[from..].IndexOf(name) is var at and >= 0;)
        {
            int start = from + at;
            from = start + name.Length;
            if (start > 0 && from < bytes.Length)
            {
                HasLiveUpdate |= bytes[start - 1] == 0 && bytes[from] == 0;
                HasSection |= bytes[start - 1] == (byte)'.' && bytes[from] == (byte)'_';
            }
        }
    }

    private static string? FindBanner(ReadOnlySpan<byte> bytes)
    {
        for (int from = 0; bytes[from..].IndexOf(BannerStart) is var at and >= 0;)
        {
            from += at + BannerStart.Length;
            ReadOnlySpan<byte> rest = bytes[from..Math.Min(bytes.Length, from + LongestBanner)];
            int end = rest.IndexOfAny((byte)0, (byte)'\n');

            // A format has a %s there.
            if (end > 0 && char.IsAsciiDigit((char)rest[0]))
            {
                return Encoding.Latin1.GetString(rest[..end]);
            }
        }

        return null;
    }

    private void FindConfiguration(ReadOnlySpan<byte> bytes, int seen)
    {
        if (_configuration is null)
        {
            int start = bytes.IndexOf(ConfigurationStart);
            if (start < 0)
            {
                return;
            }

            _configuration = new ArrayBufferWriter<byte>();
            seen = start + ConfigurationStart.Length - 1;
        }

        _configuration.Write(bytes[seen..]);
        int end = _configuration.WrittenSpan.IndexOf(ConfigurationEnd);
        if (end >= 0)
        {
            Configuration = KernelConfiguration.Parse(_configuration.WrittenSpan[..end].ToArray(), "the configuration in the image");
        }

        if (end >= 0 || _configuration.WrittenCount > LongestConfiguration)
        {
            _configuration = null;
            _hasPassedConfiguration = true;
        }
    }
}
