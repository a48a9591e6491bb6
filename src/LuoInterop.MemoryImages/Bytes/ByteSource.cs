namespace LuoInterop.MemoryImages.Bytes;

/// <summary>Is the bytes of an image's file, wherever they come from.</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
internal abstract class ByteSource : IDisposable
{
    /// <summary>Gets the number of bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Gets the number of bytes that are stored: what headers say can be believed up to that, not up to offsets that a piece
    /// of a flattened file may make up.</summary>
    public virtual long Stored => Length;

    /// <summary>Copies bytes from an offset; false where one is not there.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public abstract bool TryRead(long offset, Span<byte> destination);

    /// <summary>Finds the first range at or behind an offset that may hold other bytes than zeros.</summary>
    /// <param name="offset">Where to begin.</param>
    /// <param name="start">Its first byte.</param>
    /// <param name="end">The offset behind it.</param>
    /// <returns>False where all that follows is zero.</returns>
    public virtual bool TryFindData(long offset, out long start, out long end)
    {
        (start, end) = (offset, Length);
        return offset < Length;
    }

    /// <summary>Reads bytes that headers say are there.</summary>
    /// <exception cref="MemoryImageException">They are not.</exception>
    public byte[] Require(long offset, int length, string what)
    {
        if (offset < 0 || offset > Length || length > Length - offset)
        {
            throw new MemoryImageException(
                MemoryImageError.Truncated, $"The file has {Length} bytes, and its {what} would end behind them: it is cut off.");
        }

        byte[] bytes = new byte[length];
        return TryRead(offset, bytes)
            ? bytes
            : throw new MemoryImageException(MemoryImageError.Truncated, $"The file ends within its {what}.");
    }

    public abstract void Dispose();
}
