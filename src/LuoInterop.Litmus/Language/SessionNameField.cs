using System.Globalization;
using System.Text;
using LuoInterop.Interop;
using LuoInterop.Shared.Tracing;

namespace LuoInterop.Litmus.Language;

/// <summary>Makes the 64 bytes of a session's name as an ioctl has them, legal or not.</summary>
/// <remarks>
/// Scripts share a kernel, so every name gets a prefix of its script's own. The prefix always has
/// <see cref="PrefixLength"/> bytes, and the empty name stays empty.
/// </remarks>
internal sealed class SessionNameField
{
    public const int Length = LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH;
    public const int PrefixLength = 5;
    public const int LongestText = Length - 1 - PrefixLength;

    /// <summary>The least N of <c>*N</c>: a whole prefix and a byte, or scripts that share a kernel would share the name.</summary>
    public const int ShortestPadded = PrefixLength + 1;

    private const byte Garbage = 0xee;

    private readonly byte[] _text;
    private readonly int _length;
    private readonly bool _garbage;

    private SessionNameField(byte[] text, int length, bool garbage)
    {
        _text = text;
        _length = length;
        _garbage = garbage;
    }

    /// <summary>Makes the prefix of a script's names.</summary>
    public static string Prefix(int script) => string.Create(CultureInfo.InvariantCulture, $"{script & 0xffff:x4}-");

    /// <summary>Makes a field, or null for a text or suffix that is not legal.</summary>
    public static SessionNameField? TryMake(byte[] text, string suffix)
    {
        bool garbage = suffix.EndsWith('+');
        ReadOnlySpan<char> count = garbage ? suffix.AsSpan(0, suffix.Length - 1) : suffix;
        int length = 0;
        bool legal = count.IsEmpty
            || (count[0] == '*'
                && int.TryParse(count[1..], NumberStyles.None, CultureInfo.InvariantCulture, out length)
                && length is >= ShortestPadded and <= Length);
        return legal && text.Length <= LongestText ? new SessionNameField(text, length, garbage) : null;
    }

    /// <summary>Writes the field.</summary>
    public void Write(Span<byte> field, string prefix)
    {
        field.Fill(_garbage ? Garbage : (byte)0);
        if (_text.Length == 0 && _length == 0)
        {
            field[0] = 0;
            return;
        }

        // The text, cut or padded with 'x' to the wanted length; 64 bytes leave no room for the NUL.
        byte[] name = [.. Encoding.ASCII.GetBytes(prefix), .. _text];
        int length = _length > 0 ? _length : name.Length;
        for (int i = 0; i < length; i++)
        {
            field[i] = i < name.Length ? name[i] : (byte)'x';
        }

        if (length < Length)
        {
            field[length] = 0;
        }
    }

    /// <summary>Writes a name that a kernel gave, without the prefix, as a script would have it.</summary>
    public static string Describe(ReadOnlySpan<byte> field, string prefix)
    {
        int end = field.IndexOf((byte)0);
        ReadOnlySpan<byte> name = end < 0 ? field : field[..end];
        name = name.StartsWith(Encoding.ASCII.GetBytes(prefix)) ? name[prefix.Length..] : name;
        return TraceScript.Quote(name) + (end < 0 ? "*64" : "");
    }
}
