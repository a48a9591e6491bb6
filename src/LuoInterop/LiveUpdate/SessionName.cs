using System.Text;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Writes and reads session names as the kernel keeps them: bytes up to a NUL, at most 63.</summary>
internal static class SessionName
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Encodes a name; the destination is zero-filled up to its end.</summary>
    /// <exception cref="ArgumentException">The name is empty, too long, or has a NUL: the kernel would refuse or cut it.</exception>
    public static void Encode(string name, Span<byte> destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A session name cannot contain a NUL: the kernel would cut it there.", nameof(name));
        }

        int length = Strict.GetByteCount(name);
        if (length >= LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH)
        {
            throw new ArgumentException(
                $"A session name is at most {LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH - 1} bytes of UTF-8; \"{name}\" has {length}.",
                nameof(name));
        }

        destination.Clear();
        Strict.GetBytes(name, destination);
    }

    /// <summary>Decodes the bytes up to the first NUL.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
