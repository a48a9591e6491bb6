using System.Buffers.Binary;

namespace LuoInterop.Tests.Shared.ImageWriters;

/// <summary>Writes a file in pieces, out of order and partly twice, as a dump that goes through a pipe.</summary>
internal static class FlattenedWriter
{
    /// <summary>Wraps a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="random">Decides on pieces and their order; the first one is written wrong before it is written right.</param>
    /// <param name="end">Whether the end mark is written.</param>
    public static byte[] Write(byte[] file, Random random, bool end = true)
    {
        using var flattened = new MemoryStream();
        byte[] header = new byte[4096];
        "makedumpfile"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(16), 1);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(24), 1);
        flattened.Write(header);
        var pieces = new List<(int Offset, int Length)>();
        for (int at = 0; at < file.Length;)
        {
            int length = Math.Min(random.Next(1, 1 << 18), file.Length - at);

            // Zeros in a row are left out now and then: they are the hole of the file.
            if (file.AsSpan(at, length).ContainsAnyExcept((byte)0) || at + length == file.Length)
            {
                pieces.Add((at, length));
            }

            at += length;
        }

        Piece(flattened, pieces[0].Offset, [.. file.AsSpan(pieces[0].Offset, pieces[0].Length).ToArray().Select(static one => (byte)~one)]);
        (int Offset, int Length)[] order = [.. pieces];
        random.Shuffle(order);
        foreach ((int offset, int length) in order)
        {
            Piece(flattened, offset, file.AsSpan(offset, length));
        }

        if (end)
        {
            Span<byte> mark = stackalloc byte[16];
            mark.Fill(0xff);
            flattened.Write(mark);
        }

        return flattened.ToArray();
    }

    private static void Piece(MemoryStream flattened, long offset, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(head, offset);
        BinaryPrimitives.WriteInt64BigEndian(head[8..], bytes.Length);
        flattened.Write(head);
        flattened.Write(bytes);
    }
}
