namespace MiniVmm.Output;

/// <summary>Keeps the last bytes of those that it is given, in room that is made once: a lack of memory takes nothing from it.</summary>
/// <param name="capacity">How many bytes.</param>
internal sealed class KeptBytes(int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];
    private int _start;

    /// <summary>Gets how many bytes are kept.</summary>
    public int Count { get; private set; }

    /// <summary>Adds bytes; the oldest make room for them. Allocates nothing.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[Math.Max(0, bytes.Length - capacity)..];
        int dropped = Math.Max(0, Count + bytes.Length - capacity);
        _start = (_start + dropped) % capacity;
        Count -= dropped;
        int end = (_start + Count) % capacity;
        int first = Math.Min(bytes.Length, capacity - end);
        bytes[..first].CopyTo(_bytes.AsSpan(end));
        bytes[first..].CopyTo(_bytes);
        Count += bytes.Length;
    }

    /// <summary>Takes all bytes out, the oldest first.</summary>
    public byte[] Take()
    {
        byte[] all = new byte[Count];
        int first = Math.Min(Count, capacity - _start);
        _bytes.AsSpan(_start, first).CopyTo(all);
        _bytes.AsSpan(0, Count - first).CopyTo(all.AsSpan(first));
        _start = 0;
        Count = 0;
        return all;
    }
}
