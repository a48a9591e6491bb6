using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace LuoInterop.Systemd.Hosting;

/// <summary>Measures memories: the meter <c>LuoInterop.Systemd</c>.</summary>
internal sealed class PersistentMemoryMetrics : IDisposable
{
    public const string MeterName = "LuoInterop.Systemd";

    private readonly Meter _meter;
    private readonly bool _owned;
    private readonly Histogram<double> _opening;
    private readonly Histogram<double> _closing;
    private readonly UpDownCounter<long> _size;

    public PersistentMemoryMetrics(IServiceProvider services)
    {
        // A factory disposes its meters itself.
        IMeterFactory? factory = services.GetService<IMeterFactory>();
        _owned = factory is null;
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _opening = _meter.CreateHistogram<double>(
            "luointerop.memory.open.duration", "s", "How long memories took to come back or to be made.");
        _closing = _meter.CreateHistogram<double>(
            "luointerop.memory.close.duration", "s", "How long a memory took to be closed and stored.");
        _size = _meter.CreateUpDownCounter<long>("luointerop.memory.size", "By", "Bytes of memory that outlive the process.");
    }

    public void Opened(PersistentMemory memory)
    {
        _opening.Record(
            memory.OpenDuration.TotalSeconds,
            new("name", memory.Name),
            new("origin", memory.Origin.ToString()),
            new("integrity", memory.Integrity.ToString()));
        _size.Add(memory.Length, new("name", memory.Name), new("kept", memory.IsKept));
    }

    public void Closed(PersistentMemory memory, TimeSpan duration) =>
        _closing.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("name", memory.Name));

    public void Dispose()
    {
        if (_owned)
        {
            _meter.Dispose();
        }
    }
}
