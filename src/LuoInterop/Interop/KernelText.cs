using System.Buffers;
using System.Globalization;
using System.Text;

namespace LuoInterop.Interop;

/// <summary>Makes text of bytes that the kernel shows: names and links may hold any but NUL.</summary>
internal static class KernelText
{
    /// <summary>Decodes UTF-8. A byte that is none stands there as <c>\xNN</c>, as scripts write it, so that nothing is lost
    /// without a word.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        int sound = SoundLength(bytes);
        if (sound == bytes.Length)
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder();
        while (bytes.Length > 0)
        {
            text.Append(Encoding.UTF8.GetString(bytes[..sound]));
            bytes = bytes[sound..];
            if (bytes.Length > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{bytes[0]:x2}");
                bytes = bytes[1..];
                sound = SoundLength(bytes);
            }
        }

        return text.ToString();
    }

    private static int SoundLength(ReadOnlySpan<byte> bytes)
    {
        int length = 0;
        while (length < bytes.Length && Rune.DecodeFromUtf8(bytes[length..], out _, out int used) == OperationStatus.Done)
        {
            length += used;
        }

        return length;
    }
}
