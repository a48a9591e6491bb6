using System.Buffers;
using System.IO.Hashing;

namespace LuoInterop.Systemd.Memory;

/// <summary>Makes the checksum of a memory's data.</summary>
/// <remarks>The file is read, not its mapping: a mapping that is read fills its holes with pages, and an empty cache would come to use
/// all of its memory by being stopped.</remarks>
internal static class DataChecksum
{
    private const int Chunk = 1 << 20;

    public static UInt128 Of(Memfd file, long offset, long length)
    {
        var hash = new XxHash128();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            for (long done = 0; done < length;)
            {
                int count = file.Read(offset + done, buffer.AsSpan(0, (int)Math.Min(Chunk, length - done)));
                if (count == 0)
                {
                    // The file ends before its data: whoever compares finds another sum.
                    break;
                }

                hash.Append(buffer.AsSpan(0, count));
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return hash.GetCurrentHashAsUInt128();
    }
}
