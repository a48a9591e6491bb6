using System.Buffers;
using System.Text;
using System.Text.Unicode;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Writes and reads session names as the kernel keeps them: bytes up to a NUL, at most 63.</summary>
internal static class SessionName
{
    /// <summary>Encodes a name; the destination is zero-filled up to its end.</summary>
    /// <exception cref="ArgumentException">The name is empty, too long, or has a NUL: the kernel would refuse or cut it.</exception>
    public static void Encode(string name, Span<byte> destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);

        // Zero-filled: what follows the name is its NUL. Not the destination itself, which stays as it is where the name is refused.
        Span<byte> bytes = stackalloc byte[LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH];
        Span<byte> room = bytes[..^1];
        OperationStatus status = Utf8.FromUtf16(name, room, out _, out int length, replaceInvalidSequences: false);
        if (status == OperationStatus.DestinationTooSmall)
        {
            throw new ArgumentException(
                $"A session name is at most {room.Length} bytes of UTF-8; \"{name}\" has "
                    + $"{Encoding.UTF8.GetByteCount(name)}.", nameof(name));
        }

        if (status != OperationStatus.Done)
        {
            throw new ArgumentException($"A session name is text; \"{name}\" has half of a surrogate pair.", nameof(name));
        }

        if (room[..length].Contains((byte)0))
        {
            throw new ArgumentException("A session name cannot contain a NUL: the kernel would cut it there.", nameof(name));
        }

        bytes.CopyTo(destination);
    }

    /// <summary>Decodes the bytes up to the first NUL (<see cref="KernelText.Decode"/>).</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return KernelText.Decode(end < 0 ? bytes : bytes[..end]);
    }
}
