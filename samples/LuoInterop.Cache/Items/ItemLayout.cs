using System.Buffers.Binary;
using System.Numerics;

namespace LuoInterop.Cache.Items;

/// <summary>Says where the parts of the items' memory lie.</summary>
/// <remarks>
/// <code>
/// 0      head (below)
/// 4096   buckets: for each the position of its newest record, 8 bytes, 0 for none
/// then   the log, to the end: records one behind the other, round and round
/// </code>
/// A position counts the bytes ever written to the log. It lies at its remainder by the log's length. Numbers are little endian.
/// </remarks>
internal readonly record struct ItemLayout
{
    /// <summary>The bytes in front of the buckets.</summary>
    public const int HeadBytes = 4096;

    /// <summary>"LUOCACHE".</summary>
    public const ulong Magic = 0x4548_4341_434F_554C;

    /// <summary>The version of this layout; it is also the version of the service's memory.</summary>
    public const int Version = 1;

    /// <summary>The least memory that items are kept in.</summary>
    public const long LeastBytes = 16L << 20;

    // What never changes once the memory is laid out.
    public const int MagicAt = 0;
    public const int VersionAt = 8;
    public const int SeedAt = 16;
    public const int LengthAt = 24;
    public const int BucketsAt = 32;

    // What changes with every item. Each is one store of eight bytes.
    public const int FirstAt = 64;
    public const int EndAt = 72;
    public const int FlushedAt = 80;
    public const int CasAt = 88;
    public const int LiveBytesAt = 96;
    public const int ItemsAt = 104;

    /// <summary>Lays out memory of a length in bytes.</summary>
    public ItemLayout(long length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, LeastBytes);
        Length = length;

        // One bucket for 128 bytes: a sixteenth of the memory.
        Buckets = (long)(BitOperations.RoundUpToPowerOf2((ulong)length / 128 + 1) >> 1);
        LogAt = HeadBytes + Buckets * sizeof(long);
        LogLength = (length - LogAt) / ItemRecord.Alignment * ItemRecord.Alignment;
    }

    public long Length { get; }

    public long Buckets { get; }

    public long LogAt { get; }

    public long LogLength { get; }

    /// <summary>Tells whether a head is of this layout; a reason where it is not.</summary>
    public string? Refusal(ReadOnlySpan<byte> head)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(head[MagicAt..]) != Magic)
        {
            return "it does not hold items";
        }

        int version = BinaryPrimitives.ReadInt32LittleEndian(head[VersionAt..]);
        long length = BinaryPrimitives.ReadInt64LittleEndian(head[LengthAt..]);
        long buckets = BinaryPrimitives.ReadInt64LittleEndian(head[BucketsAt..]);
        long first = BinaryPrimitives.ReadInt64LittleEndian(head[FirstAt..]);
        long end = BinaryPrimitives.ReadInt64LittleEndian(head[EndAt..]);
        long flushed = BinaryPrimitives.ReadInt64LittleEndian(head[FlushedAt..]);
        long live = BinaryPrimitives.ReadInt64LittleEndian(head[LiveBytesAt..]);
        return version != Version ? $"its layout is of version {version}, and this program's is {Version}"
            : length != Length || buckets != Buckets ? $"it is laid out for {length} bytes and not for {Length}"
            : first < LogLength || end < first || end - first > LogLength || flushed > end || live > LogLength
                ? "its head contradicts itself"
            : null;
    }
}
