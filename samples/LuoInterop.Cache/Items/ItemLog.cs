using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace LuoInterop.Cache.Items;

/// <summary>Reads and writes the records of a log, and the numbers of its head, in mapped memory.</summary>
/// <remarks>
/// What is read may be damaged: a record is looked at only after <see cref="IsItem"/> or <see cref="LengthAt"/> held it against the
/// log's bounds. Not thread-safe.
/// </remarks>
internal sealed class ItemLog
{
    private static readonly int s_summedFrom = (int)Marshal.OffsetOf<ItemRecord>(nameof(ItemRecord.Cas));
    private static readonly int s_summedTo = (int)Marshal.OffsetOf<ItemRecord>(nameof(ItemRecord.Checksum));

    private readonly MemfdMapping _mapping;
    private readonly long _offset;

    /// <param name="mapping">The memory.</param>
    /// <param name="offset">Where in it the items' part starts, in bytes.</param>
    /// <param name="layout">Where the parts lie.</param>
    public ItemLog(MemfdMapping mapping, long offset, ItemLayout layout)
    {
        _mapping = mapping;
        _offset = offset;
        Layout = layout;
    }

    public ItemLayout Layout { get; }

    /// <summary>The position of the oldest record.</summary>
    public ref long First => ref Number(ItemLayout.FirstAt);

    /// <summary>The position behind the newest record.</summary>
    public ref long End => ref Number(ItemLayout.EndAt);

    /// <summary>Items of older positions were flushed.</summary>
    public ref long Flushed => ref Number(ItemLayout.FlushedAt);

    public ref long Cas => ref Number(ItemLayout.CasAt);

    public ref long LiveBytes => ref Number(ItemLayout.LiveBytesAt);

    public ref long Items => ref Number(ItemLayout.ItemsAt);

    public ref long Seed => ref Number(ItemLayout.SeedAt);

    public ReadOnlySpan<byte> Head => _mapping.GetReadOnlySpan(_offset, ItemLayout.HeadBytes);

    /// <summary>Gets a number of the head, or a bucket.</summary>
    public ref long Number(long at) => ref MemoryMarshal.AsRef<long>(_mapping.GetSpan(_offset + at, sizeof(long)));

    public ref long Bucket(ulong hash) => ref Number(ItemLayout.HeadBytes + (long)(hash & (ulong)(Layout.Buckets - 1)) * sizeof(long));

    /// <summary>Clears the buckets.</summary>
    public void ClearBuckets()
    {
        const int Step = 1 << 20;
        long length = Layout.Buckets * sizeof(long);
        for (long at = 0; at < length; at += Step)
        {
            _mapping.GetSpan(_offset + ItemLayout.HeadBytes + at, (int)Math.Min(Step, length - at)).Clear();
        }
    }

    /// <summary>Gets the length of the record or filler at a position of the log; 0 where there is none that can be.</summary>
    public int LengthAt(long position, out bool isFiller)
    {
        isFiller = false;
        if (position % ItemRecord.Alignment != 0 || position < First || position >= End)
        {
            return 0;
        }

        // A filler may be as short as this.
        ReadOnlySpan<byte> start = Bytes(position, sizeof(long));
        int length = MemoryMarshal.Read<int>(start);
        isFiller = MemoryMarshal.Read<ushort>(start[sizeof(int)..]) == 0;
        return length >= ItemRecord.Alignment && length % ItemRecord.Alignment == 0 && length <= UntilWrap(position)
            && length <= End - position ? length : 0;
    }

    /// <summary>Tells whether an item lies at a position, as far as its lengths tell.</summary>
    public bool IsItem(long position)
    {
        int length = LengthAt(position, out bool isFiller);
        if (isFiller || length < ItemRecord.Size)
        {
            return false;
        }

        ref ItemRecord record = ref Record(position);
        return record.KeyLength <= ItemRecord.LongestKey && record.ValueLength is >= 0 and <= ItemRecord.LongestValue
            && ItemRecord.LengthOf(record.KeyLength, record.ValueLength) == length;
    }

    public ref ItemRecord Record(long position) => ref MemoryMarshal.AsRef<ItemRecord>(Bytes(position, ItemRecord.Size));

    public ReadOnlySpan<byte> Key(long position) => Bytes(position, ItemRecord.Size + Record(position).KeyLength)[ItemRecord.Size..];

    public ReadOnlySpan<byte> Value(long position)
    {
        ref ItemRecord record = ref Record(position);
        int start = ItemRecord.Size + record.KeyLength;
        return Bytes(position, start + record.ValueLength)[start..];
    }

    /// <summary>Gets bytes that lie in one piece from a position on.</summary>
    public Span<byte> Bytes(long position, int length) =>
        _mapping.GetSpan(_offset + Layout.LogAt + position % Layout.LogLength, length);

    /// <summary>The bytes from a position to the end of the memory, where the log goes on at its start.</summary>
    public long UntilWrap(long position) => Layout.LogLength - position % Layout.LogLength;

    /// <summary>Computes the checksum of a record.</summary>
    public ulong ChecksumOf(long position)
    {
        ref ItemRecord record = ref Record(position);
        int length = ItemRecord.Size + record.KeyLength + record.ValueLength;
        ReadOnlySpan<byte> bytes = Bytes(position, length);
        ulong fields = XxHash3.HashToUInt64(bytes[s_summedFrom..s_summedTo], record.KeyLength);
        return XxHash3.HashToUInt64(bytes[ItemRecord.Size..], (long)fields);
    }
}
