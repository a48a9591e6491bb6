using System.Buffers.Text;

namespace LuoInterop.Cache.Protocol;

/// <summary>Gathers what is sent to a client. The buffer stays for the next commands.</summary>
internal sealed class Response
{
    private byte[] _bytes = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Takes back what was added behind a length.</summary>
    public void Truncate(int length) => Length = length;

    public Response Add(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        Length += text.Length;
        return this;
    }

    public Response Add(ulong number)
    {
        Utf8Formatter.TryFormat(number, Room(20), out int written);
        Length += written;
        return this;
    }

    public Response AddText(string text)
    {
        Length += System.Text.Encoding.UTF8.GetBytes(text, Room(System.Text.Encoding.UTF8.GetMaxByteCount(text.Length)));
        return this;
    }

    public void Line() => Add("\r\n"u8);

    public void Line(ReadOnlySpan<byte> text) => Add(text).Line();

    private Span<byte> Room(int length)
    {
        if (_bytes.Length - Length < length)
        {
            byte[] larger = new byte[Math.Max(_bytes.Length * 2, Length + length)];
            Memory.Span.CopyTo(larger);
            _bytes = larger;
        }

        return _bytes.AsSpan(Length);
    }
}
