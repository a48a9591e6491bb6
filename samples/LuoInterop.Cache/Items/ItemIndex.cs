namespace LuoInterop.Cache.Items;

/// <summary>Finds records by their keys: each bucket has a chain of records, the newest first.</summary>
/// <remarks>
/// Every change that a reader can see is one store of eight bytes. A process that is killed between two of them may leave two records of
/// a key in a chain: the newer one counts, and whatever takes that out takes the older ones out before it. The two counts may
/// then be wrong by that item.
/// </remarks>
internal sealed class ItemIndex(ItemLog log)
{
    /// <summary>Finds the newest record of a key.</summary>
    public bool TryFind(ReadOnlySpan<byte> key, ulong hash, out long position) =>
        TryFind(key, hash, log.Bucket(hash), out position, out _);

    /// <summary>Makes a record the one that is found, which lies whole behind all others.</summary>
    public void Publish(ReadOnlySpan<byte> key, ulong hash, long position, int length)
    {
        ref long bucket = ref log.Bucket(hash);
        log.Record(position).Next = bucket;
        Volatile.Write(ref log.End, position + length);
        Volatile.Write(ref bucket, position);
        log.Items++;
        log.LiveBytes += length;
        UnlinkOlder(key, hash, position);
    }

    /// <summary>Takes an item out, so that its key is not found any more.</summary>
    public void Drop(ReadOnlySpan<byte> key, ulong hash)
    {
        ref long bucket = ref log.Bucket(hash);
        if (TryFind(key, hash, bucket, out long position, out long before))
        {
            UnlinkOlder(key, hash, position);
            Unlink(ref before == 0 ? ref bucket : ref log.Record(before).Next, position);
        }
    }

    private void UnlinkOlder(ReadOnlySpan<byte> key, ulong hash, long position)
    {
        ref long next = ref log.Record(position).Next;
        while (TryFind(key, hash, next, out long older, out long before))
        {
            Unlink(ref before == 0 ? ref next : ref log.Record(before).Next, older);
        }
    }

    private void Unlink(ref long link, long position)
    {
        ref ItemRecord record = ref log.Record(position);
        Volatile.Write(ref link, record.Next);
        log.Items--;
        log.LiveBytes -= record.Length;
    }

    /// <summary>Finds the newest record of a key in a chain.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="start">The chain's first position.</param>
    /// <param name="position">The record's position.</param>
    /// <param name="before">The position of the record in front of it; 0 where it is the first.</param>
    private bool TryFind(ReadOnlySpan<byte> key, ulong hash, long start, out long position, out long before)
    {
        // Records of a chain are ever older ones. That also ends a chain that is damaged.
        before = 0;
        long newest = log.End;
        long oldest = Math.Max(log.First, log.Flushed);
        for (position = start; position >= oldest && position < newest && log.IsItem(position); position = log.Record(position).Next)
        {
            if (log.Record(position).Hash == hash && log.Key(position).SequenceEqual(key))
            {
                return true;
            }

            before = newest = position;
        }

        return false;
    }
}
