using LuoInterop.Cache.Items;

namespace LuoInterop.Cache.Tests;

/// <summary>Is memory for items, and a clock that stands until it is set.</summary>
internal sealed class CacheMemory : TimeProvider, IDisposable
{
    /// <summary>What stands in front of the items' part.</summary>
    public const int Offset = 4096;

    private readonly Memfd _file;
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public CacheMemory(long length = ItemLayout.LeastBytes)
    {
        _file = Memfd.Create(Kernel.Linux, "items", Offset + length);
        Mapping = _file.Map();
        Length = length;
    }

    public MemfdMapping Mapping { get; }

    public long Length { get; }

    /// <summary>Takes the items as a process does that starts.</summary>
    public ItemStore Open() => new(Mapping, Offset, Length, this);

    public void Wait(TimeSpan time) => _now += time;

    public override DateTimeOffset GetUtcNow() => _now;

    public void Dispose()
    {
        Mapping.Dispose();
        _file.Dispose();
    }
}
