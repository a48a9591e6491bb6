using System.Diagnostics;
using System.Text.Json.Serialization;

namespace LuoInterop.Cache.Load;

/// <summary>Counts what the clients saw. Thread-safe.</summary>
internal sealed class LoadReport
{
    private const int KeptFaults = 10;

    private readonly Lock _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan? _downSince;

    public LoadResult Result { get; } = new();

    public void Stored() => Count(static result => result.Stored++);

    public void Hit() => Count(static result => result.Hits++);

    public void Missed() => Count(static result => result.Misses++);

    public void Wrong(string what) => Fault(static result => result.Wrong++, what);

    public void Lost(string key) => Fault(static result => result.Lost++, $"{key} is not there");

    /// <summary>The server answered somebody: it is there.</summary>
    public void Answered()
    {
        lock (_gate)
        {
            if (_downSince is { } since)
            {
                _downSince = null;
                Result.DownMilliseconds.Add(Math.Round((_clock.Elapsed - since).TotalMilliseconds, 1));
            }
        }
    }

    /// <summary>A connection was refused or broke.</summary>
    public void Down()
    {
        lock (_gate)
        {
            _downSince ??= _clock.Elapsed;
        }
    }

    private void Fault(Action<LoadResult> count, string what)
    {
        lock (_gate)
        {
            count(Result);
            if (Result.Faults.Count < KeptFaults)
            {
                Result.Faults.Add(what);
            }
        }
    }

    private void Count(Action<LoadResult> count)
    {
        lock (_gate)
        {
            count(Result);
        }
    }
}

/// <summary>Says what the clients saw.</summary>
internal sealed class LoadResult
{
    /// <summary>Values stored.</summary>
    public long Stored { get; set; }

    /// <summary>Values read that are right.</summary>
    public long Hits { get; set; }

    /// <summary>Keys read that were never stored.</summary>
    public long Misses { get; set; }

    /// <summary>Keys read that were stored and are not there.</summary>
    public long Lost { get; set; }

    /// <summary>Answers that are wrong.</summary>
    public long Wrong { get; set; }

    /// <summary>For each time that the server was away: from the first broken connection to the next answer.</summary>
    public List<double> DownMilliseconds { get; } = [];

    /// <summary>The first faults in words.</summary>
    public List<string> Faults { get; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoadResult))]
internal sealed partial class LoadJson : JsonSerializerContext;
