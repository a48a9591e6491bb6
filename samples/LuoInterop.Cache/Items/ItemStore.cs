using System.Buffers.Text;
using System.IO.Hashing;
using System.Security.Cryptography;

namespace LuoInterop.Cache.Items;

/// <summary>Keeps items in memory that outlives the process: nothing of them is anywhere else.</summary>
/// <remarks>
/// A change is a new record behind the others, and then one store of eight bytes that makes it the one that is found. A process that is
/// killed between any two instructions leaves the old item or the new one. An item that is found is held against its checksum.
/// Room is made at the old end of the log: what is not found any more goes, what is used is written again, and the rest is evicted.
/// Not thread-safe.
/// </remarks>
internal sealed class ItemStore
{
    // A record that is written again never lies over the one that it is read from: a filler and a record are always free.
    private const long Reserve = 2L * ItemRecord.Longest;

    private readonly ItemLog _log;
    private readonly ItemIndex _index;
    private readonly TimeProvider _clock;

    /// <summary>Takes the items that are in the memory, or lays it out where there are none that can be.</summary>
    /// <param name="mapping">The memory, which must last longer than this.</param>
    /// <param name="offset">Where the items' part of it starts, in bytes.</param>
    /// <param name="length">Its length in bytes: at least <see cref="ItemLayout.LeastBytes"/>.</param>
    /// <param name="clock">The clock of expiry.</param>
    public ItemStore(MemfdMapping mapping, long offset, long length, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _log = new ItemLog(mapping, offset, new ItemLayout(length));
        _index = new ItemIndex(_log);
        Refusal = _log.Layout.Refusal(_log.Head);
        if (Refusal is not null)
        {
            LayOut();
        }
    }

    /// <summary>Says why what was in the memory could not be taken; null where it was.</summary>
    public string? Refusal { get; }

    /// <summary>Gets the number of items, those that are expired and were not looked for included.</summary>
    public long Count => _log.Items;

    /// <summary>Gets the bytes of all items with their records.</summary>
    public long Bytes => _log.LiveBytes;

    /// <summary>Gets the bytes that all items can have together.</summary>
    public long Capacity => _log.Layout.LogLength - Reserve;

    /// <summary>Gets the number of items that had to go for others since this process started.</summary>
    public long Evictions { get; private set; }

    /// <summary>Gets the number of items whose checksum did not hold, and which were dropped, since this process started.</summary>
    public long Damaged { get; private set; }

    /// <summary>Finds an item.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out Item item)
    {
        item = default;
        ulong hash = HashOf(key);
        if (!TryFindLive(key, hash, out long position))
        {
            return false;
        }

        ref ItemRecord record = ref _log.Record(position);
        record.Used = 1;
        item = new Item { Value = _log.Value(position), Flags = record.Flags, Cas = record.Cas, Expiry = record.Expiry };
        return true;
    }

    /// <summary>Stores an item.</summary>
    /// <param name="key">1 to <see cref="ItemRecord.LongestKey"/> bytes.</param>
    /// <param name="value">At most <see cref="ItemRecord.LongestValue"/> bytes; not in this memory.</param>
    /// <param name="flags">The client's number.</param>
    /// <param name="expiry">When it ends, in seconds since 1970; 0 for never.</param>
    /// <param name="condition">When it is stored.</param>
    /// <param name="cas">With <see cref="StoreCondition.Unchanged"/>: the number that the item has.</param>
    public StoreOutcome Store(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        uint flags,
        long expiry,
        StoreCondition condition = StoreCondition.Always,
        ulong cas = 0)
    {
        if (value.Length > ItemRecord.LongestValue)
        {
            return StoreOutcome.TooLarge;
        }

        ulong hash = HashOf(key);
        if (condition != StoreCondition.Always)
        {
            bool found = TryFindLive(key, hash, out long position);
            if (condition == StoreCondition.Absent ? found : !found)
            {
                return condition == StoreCondition.Unchanged ? StoreOutcome.NotFound : StoreOutcome.NotStored;
            }

            if (condition == StoreCondition.Unchanged && _log.Record(position).Cas != cas)
            {
                return StoreOutcome.Changed;
            }
        }

        MakeRoom(ItemRecord.LengthOf(key.Length, value.Length));
        Append(key, hash, value, [], flags, expiry);
        return StoreOutcome.Stored;
    }

    /// <summary>Puts bytes behind the value of an item, or in front of it.</summary>
    public StoreOutcome Extend(ReadOnlySpan<byte> key, ReadOnlySpan<byte> more, bool inFront)
    {
        ulong hash = HashOf(key);
        if (!TryFindLive(key, hash, out long position))
        {
            return StoreOutcome.NotStored;
        }

        int length = _log.Record(position).ValueLength;
        if (length + more.Length > ItemRecord.LongestValue)
        {
            return StoreOutcome.TooLarge;
        }

        MakeRoom(ItemRecord.LengthOf(key.Length, length + more.Length));
        if (!TryFindLive(key, hash, out position))
        {
            return StoreOutcome.NotStored;
        }

        ref ItemRecord record = ref _log.Record(position);
        ReadOnlySpan<byte> value = _log.Value(position);
        Append(key, hash, inFront ? more : value, inFront ? value : more, record.Flags, record.Expiry);
        return StoreOutcome.Stored;
    }

    /// <summary>Sets when an item ends.</summary>
    public bool Touch(ReadOnlySpan<byte> key, long expiry)
    {
        ulong hash = HashOf(key);
        if (!TryFindLive(key, hash, out long position))
        {
            return false;
        }

        MakeRoom(ItemRecord.LengthOf(key.Length, _log.Record(position).ValueLength));
        if (!TryFindLive(key, hash, out position))
        {
            return false;
        }

        Append(key, hash, _log.Value(position), [], _log.Record(position).Flags, expiry);
        return true;
    }

    /// <summary>Adds to a value that is a decimal number below 2^64, or takes away from it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="amount">By how much.</param>
    /// <param name="down">Takes away, down to 0; adding goes on at 0 behind 2^64 - 1.</param>
    /// <param name="result">The new value.</param>
    /// <returns><see cref="StoreOutcome.NotStored"/> where the value is no number.</returns>
    public StoreOutcome Add(ReadOnlySpan<byte> key, ulong amount, bool down, out ulong result)
    {
        result = 0;
        if (!TryGet(key, out Item item))
        {
            return StoreOutcome.NotFound;
        }

        if (!Utf8Parser.TryParse(item.Value, out ulong old, out int used) || used != item.Value.Length)
        {
            return StoreOutcome.NotStored;
        }

        result = down ? old - Math.Min(old, amount) : unchecked(old + amount);
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(result, text, out int length);
        return Store(key, text[..length], item.Flags, item.Expiry);
    }

    /// <summary>Drops an item.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        ulong hash = HashOf(key);
        if (!TryFindLive(key, hash, out _))
        {
            return false;
        }

        _index.Drop(key, hash);
        return true;
    }

    /// <summary>Drops every item.</summary>
    public void Flush()
    {
        Volatile.Write(ref _log.Flushed, _log.End);
        _log.Items = 0;
        _log.LiveBytes = 0;
    }

    private void LayOut()
    {
        // The magic is last: memory that is laid out halfway is laid out again.
        ItemLayout layout = _log.Layout;
        _log.Number(ItemLayout.MagicAt) = 0;
        _log.ClearBuckets();
        _log.Number(ItemLayout.VersionAt) = ItemLayout.Version;
        _log.Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        _log.Number(ItemLayout.LengthAt) = layout.Length;
        _log.Number(ItemLayout.BucketsAt) = layout.Buckets;

        // No position is 0, which says that there is no record.
        _log.First = _log.End = _log.Flushed = layout.LogLength;
        _log.Cas = _log.LiveBytes = _log.Items = 0;
        Volatile.Write(ref _log.Number(ItemLayout.MagicAt), unchecked((long)ItemLayout.Magic));
    }

    private ulong HashOf(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfZero(key.Length, nameof(key));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, ItemRecord.LongestKey, nameof(key));
        return XxHash3.HashToUInt64(key, _log.Seed);
    }

    /// <summary>Finds an item that is whole and not expired; drops it where it is not.</summary>
    private bool TryFindLive(ReadOnlySpan<byte> key, ulong hash, out long position)
    {
        if (!_index.TryFind(key, hash, out position))
        {
            return false;
        }

        ref ItemRecord record = ref _log.Record(position);
        bool damaged = record.Checksum != _log.ChecksumOf(position);
        if (damaged || IsExpired(record))
        {
            Damaged += damaged ? 1 : 0;
            _index.Drop(key, hash);
            return false;
        }

        return true;
    }

    private bool IsExpired(in ItemRecord record) => record.Expiry != 0 && record.Expiry <= _clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Writes a record for which there is room, and makes it the one that is found.</summary>
    private void Append(
        ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value, ReadOnlySpan<byte> more, uint flags, long expiry)
    {
        int length = ItemRecord.LengthOf(key.Length, value.Length + more.Length);
        long position = Place(length);
        Span<byte> bytes = _log.Bytes(position, length);
        ref ItemRecord record = ref _log.Record(position);
        record = new ItemRecord
        {
            Length = length,
            KeyLength = (ushort)key.Length,
            Cas = (ulong)++_log.Cas,
            Hash = hash,
            Expiry = expiry,
            Flags = flags,
            ValueLength = value.Length + more.Length,
        };
        Span<byte> rest = bytes[ItemRecord.Size..];
        key.CopyTo(rest);
        value.CopyTo(rest[key.Length..]);
        more.CopyTo(rest[(key.Length + value.Length)..]);
        record.Checksum = _log.ChecksumOf(position);
        _index.Publish(key, hash, position, length);
    }

    /// <summary>Gets the position for a record, behind a filler where the memory ends before.</summary>
    private long Place(int length)
    {
        long end = _log.End;
        long rest = _log.UntilWrap(end);
        if (rest >= length)
        {
            return end;
        }

        BitConverter.TryWriteBytes(_log.Bytes(end, sizeof(long)), rest);
        Volatile.Write(ref _log.End, end + rest);
        return end + rest;
    }

    /// <summary>Makes room for a record, at the old end of the log.</summary>
    private void MakeRoom(int length)
    {
        // Room is made some way ahead, a multiple of what is needed each time: so no command has much to move.
        long ahead = 8L * length;
        long start = _log.First;
        while (Free < length + Reserve || (ahead > 0 && Free < _log.Layout.LogLength / 8))
        {
            int freed = FreeFirst(keepsUsed: ahead > 0);
            if (freed == 0)
            {
                // Nothing tells where the next record starts.
                Damaged++;
                LayOut();
                return;
            }

            ahead -= freed;
            if (_log.First - start > _log.Layout.LogLength)
            {
                // All was moved, and nothing became free: the count of bytes is damaged. As if all were used, items go.
                _log.LiveBytes = _log.Layout.LogLength;
            }
        }
    }

    private long Free => _log.Layout.LogLength - (_log.End - _log.First);

    /// <summary>Frees the oldest record: its bytes, or 0 where there is none that can be.</summary>
    /// <param name="keepsUsed">Whether an item that was read stays, also where most of the memory holds items.</param>
    private int FreeFirst(bool keepsUsed)
    {
        long first = _log.First;
        int length = _log.LengthAt(first, out bool isFiller);
        if (length == 0 || (!isFiller && !_log.IsItem(first)))
        {
            return 0;
        }

        if (!isFiller)
        {
            ref ItemRecord record = ref _log.Record(first);
            ReadOnlySpan<byte> key = _log.Key(first);
            if (TryFindLive(key, record.Hash, out long position) && position == first)
            {
                // While a quarter of the memory holds nothing that is found, nothing has to go.
                bool sparse = _log.LiveBytes < _log.Layout.LogLength / 4 * 3;
                if (sparse || (keepsUsed && record.Used != 0))
                {
                    Move(first, length);
                }
                else
                {
                    _index.Drop(key, record.Hash);
                    Evictions++;
                }
            }
        }

        Volatile.Write(ref _log.First, first + length);
        return length;
    }

    /// <summary>Writes the oldest record again as the newest. Its number and checksum stay.</summary>
    private void Move(long first, int length)
    {
        long position = Place(length);
        _log.Bytes(first, length).CopyTo(_log.Bytes(position, length));
        ref ItemRecord record = ref _log.Record(position);
        record.Used = 0;
        _index.Publish(_log.Key(position), record.Hash, position, length);
    }
}
