using System.Globalization;
using System.Text;

namespace LuoInterop;

/// <summary>Writes and checks the fixed bytes with which a catalogue starts.</summary>
/// <remarks>
/// The catalogue is JSON from its first byte, so that systemd reads it, and yet has magic, format version, length and
/// checksum in fixed places, readable without parsing:
/// <code>
/// {"luointerop":{"magic":"LUOCATALOGUE","formatVersion":"0001","length":"0000001234","sha256":"64 hex digits"
/// </code>
/// The checksum is SHA-256 of the whole document with 64 zeros in its place. A document without the magic (systemd's own)
/// has no header and is only parsed.
/// </remarks>
internal static class CatalogueHeader
{
    public const string Key = "luointerop";
    public const int FormatVersion = 1;

    private const string Magic = "LUOCATALOGUE";
    private const string KeyLabel = "{\"";
    private const string MagicLabel = "\":{\"magic\":\"";
    private const string Start = KeyLabel + Key + MagicLabel + Magic + "\",\"formatVersion\":\"";
    private const string LengthLabel = "\",\"length\":\"";
    private const string HashLabel = "\",\"sha256\":\"";
    private const int VersionDigits = 4;
    private const int LengthDigits = 10;
    private const int HashDigits = 64;

    private static readonly int VersionAt = Start.Length;
    private static readonly int LengthAt = VersionAt + VersionDigits + LengthLabel.Length;
    private static readonly int HashAt = LengthAt + LengthDigits + HashLabel.Length;
    private static readonly int End = HashAt + HashDigits + 1;

    /// <summary>Gets the header with its length and checksum still zero; the document goes on after it.</summary>
    public static string Blank { get; } =
        Start + FormatVersion.ToString("D4", CultureInfo.InvariantCulture)
        + LengthLabel + new string('0', LengthDigits)
        + HashLabel + new string('0', HashDigits) + "\"";

    /// <summary>Fills in length and checksum of a finished document that starts with <see cref="Blank"/>.</summary>
    public static void Complete(Span<byte> document)
    {
        Encoding.ASCII.GetBytes(document.Length.ToString("D10", CultureInfo.InvariantCulture), document.Slice(LengthAt, LengthDigits));
        Span<byte> hash = stackalloc byte[Sha256Digest.Size];
        Sha256Digest.Compute(document, hash);
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash), document.Slice(HashAt, HashDigits));
    }

    /// <summary>Checks the fixed bytes of a document; one without the magic passes.</summary>
    /// <exception cref="SessionCatalogueException">It is newer, cut short, or was changed.</exception>
    public static void Check(ReadOnlySpan<byte> document)
    {
        ReadOnlySpan<byte> start = Encoding.ASCII.GetBytes(Start);
        if (document.Length < start.Length && start.StartsWith(document))
        {
            throw new SessionCatalogueException(SessionCatalogueFault.Truncated, "The catalogue ends within its header.");
        }

        if (!document.StartsWith(start))
        {
            // Half of a header is a damaged one: without this, what follows would pass unchecked as systemd's.
            if (HasAt(document, KeyLabel.Length, Key) || HasAt(document, KeyLabel.Length + Key.Length + MagicLabel.Length, Magic))
            {
                throw new SessionCatalogueException(SessionCatalogueFault.ChecksumMismatch, "The catalogue is damaged: its header "
                    + "does not start as it was written.");
            }

            return;
        }

        // The version first: a newer header may go on differently.
        int version = (int)Digits(document, VersionAt, VersionDigits);
        if (version == 0)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.Malformed, "The catalogue breaks its rules: its format version is 0, and versions begin with 1.");
        }

        if (version != FormatVersion)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.NewerVersion,
                $"The catalogue has format version {version}; this program knows version {FormatVersion}. Retrieve the files with the "
                    + "program that wrote it, or by their tokens.");
        }

        if (Digits(document, LengthAt, LengthDigits) != document.Length || document.Length < End)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.Truncated, $"The catalogue has {document.Length} bytes, which is not the length in its header.");
        }

        byte[] copy = document.ToArray();
        copy.AsSpan(HashAt, HashDigits).Fill((byte)'0');
        Span<byte> hash = stackalloc byte[Sha256Digest.Size];
        Sha256Digest.Compute(copy, hash);
        if (!document.Slice(HashAt, HashDigits).SequenceEqual(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash))))
        {
            throw new SessionCatalogueException(SessionCatalogueFault.ChecksumMismatch, "The catalogue is damaged: its checksum does "
                + "not match its content.");
        }
    }

    private static long Digits(ReadOnlySpan<byte> document, int offset, int count)
    {
        if (document.Length < offset + count)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.Truncated, "The catalogue ends within its header.");
        }

        return long.TryParse(document.Slice(offset, count), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new SessionCatalogueException(
                SessionCatalogueFault.ChecksumMismatch, "The catalogue is damaged: a number of its header is not made of digits.");
    }

    private static bool HasAt(ReadOnlySpan<byte> document, int offset, string text) =>
        document.Length >= offset + text.Length && document.Slice(offset, text.Length).SequenceEqual(Encoding.ASCII.GetBytes(text));
}
