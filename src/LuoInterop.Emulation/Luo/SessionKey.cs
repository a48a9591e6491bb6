using System.Diagnostics.CodeAnalysis;
using System.Text;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Luo;

/// <summary>Holds a session's name: bytes without an encoding up to the first NUL, the rest zero.</summary>
internal readonly struct SessionKey : IEquatable<SessionKey>
{
    public const int Length = LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH;

    private readonly SessionNameBytes _bytes;

    /// <summary>Takes the name out of an ioctl's field, as far as strncmp() looks at it.</summary>
    public SessionKey(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        field[..(end < 0 ? field.Length : end)].CopyTo(_bytes);
    }

    /// <summary>Takes a name out of a handed-over record (strscpy: an unterminated one loses its last byte).</summary>
    public SessionKey(string name)
    {
        Span<byte> bytes = _bytes;
        Encoding.Latin1.GetBytes(name, bytes);
        bytes[^1] = 0;
    }

    /// <summary>Takes a new session's name out of an ioctl's field (strscpy: an unterminated one loses its last byte).</summary>
    public static SessionKey Cut(ReadOnlySpan<byte> field) => new(field[..(Length - 1)]);

    /// <summary>Gets the bytes before the first NUL.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            ReadOnlySpan<byte> all = _bytes;
            int end = all.IndexOf((byte)0);
            return end < 0 ? all : all[..end];
        }
    }

    public bool Equals(SessionKey other) => ((ReadOnlySpan<byte>)_bytes).SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => obj is SessionKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Gets one character for each byte, as the records of the handover have it.</summary>
    public string ToLatin1() => Encoding.Latin1.GetString(Bytes);
}
