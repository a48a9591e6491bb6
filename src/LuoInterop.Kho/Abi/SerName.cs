using System.Text;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes a <c>char[N]</c> member: bytes up to the first NUL, or all N when there is none.</summary>
/// <remarks>
/// Kernel names are bytes without an encoding, so each byte is one character (Latin-1): every byte survives a round trip.
/// Text that is meant for people is UTF-8 in those bytes; see <see cref="Bytes"/>.
/// </remarks>
internal static class SerName
{
    public static string Read(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    /// <summary>Writes a name and fills the rest of the field with NUL, as in the kernel's zeroed pages.</summary>
    public static void Write(string name, Span<byte> field)
    {
        if (name.Length > field.Length)
        {
            throw new ArgumentException($"A name of {name.Length} bytes does not fit into {field.Length}.", nameof(name));
        }

        int end = name.AsSpan().IndexOfAnyExceptInRange('\u0001', '\u00ff');
        if (end >= 0)
        {
            throw new ArgumentException("Every character of a name is one byte, and not NUL.", nameof(name));
        }

        Encoding.Latin1.GetBytes(name, field);
        field[name.Length..].Clear();
    }

    /// <summary>Gets the bytes behind a name that <see cref="Read"/> returned.</summary>
    public static byte[] Bytes(string name) => Encoding.Latin1.GetBytes(name);
}
