namespace LuoInterop.MemoryImages.Bytes;

/// <summary>Reads a stream that can seek.</summary>
internal sealed class StreamSource(Stream stream, bool leaveOpen) : ByteSource
{
    public override long Length { get; } = stream.Length;

    public override bool TryRead(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length || destination.Length > Length - offset)
        {
            return false;
        }

        stream.Position = offset;
        return stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) == destination.Length;
    }

    public override void Dispose()
    {
        if (!leaveOpen)
        {
            stream.Dispose();
        }
    }
}
