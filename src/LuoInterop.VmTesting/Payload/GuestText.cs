using System.Text;

namespace LuoInterop.VmTesting.Payload;

/// <summary>Keeps free text within a frame.</summary>
internal static class GuestText
{
    internal const int MaxBytes = 16 * 1024;

    /// <summary>Cuts a text that is too long, at a whole character, and says so at its end.</summary>
    internal static string Cut(string text)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes <= MaxBytes)
        {
            return text;
        }

        int kept = 0, used = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (used + rune.Utf8SequenceLength > MaxBytes)
            {
                break;
            }

            used += rune.Utf8SequenceLength;
            kept += rune.Utf16SequenceLength;
        }

        return $"{text[..kept]}\n[{bytes - used} bytes more were cut]";
    }
}
