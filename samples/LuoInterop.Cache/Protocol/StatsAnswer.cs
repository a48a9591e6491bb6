using System.Globalization;
using System.Reflection;

namespace LuoInterop.Cache.Protocol;

/// <summary>Writes the answer to <c>stats</c>: memcached's names, and what is this server's own.</summary>
internal static class StatsAnswer
{
    /// <summary>The release of memcached whose answers these are, and this program's own. libmemcached takes no version below 1 for
    /// one.</summary>
    public static string Version { get; } = $"1.6.0-luo-cache-{typeof(StatsAnswer).Assembly.GetName().Version!.ToString(3)}";

    public static void Write(CacheState state, ReadOnlySpan<byte> which, Response response)
    {
        CacheStatistics counts = state.Statistics;
        if (which.SequenceEqual("reset"u8))
        {
            counts.Reset();
            response.Line("RESET"u8);
            return;
        }

        if (!which.IsEmpty && !IsGroup(which))
        {
            response.Line("ERROR"u8);
            return;
        }

        if (which.IsEmpty)
        {
            DateTimeOffset now = state.Clock.GetUtcNow();
            Add(response, "pid", Environment.ProcessId);
            Add(response, "uptime", (long)(now - state.Started).TotalSeconds);
            Add(response, "time", now.ToUnixTimeSeconds());
            Add(response, "version", Version);
            Add(response, "pointer_size", nint.Size * 8);
            Add(response, "curr_connections", counts.Connections);
            Add(response, "total_connections", counts.TotalConnections);
            Add(response, "cmd_get", counts.Gets);
            Add(response, "cmd_set", counts.Sets);
            Add(response, "cmd_flush", counts.Flushes);
            Add(response, "cmd_touch", counts.Touches);
            Add(response, "cmd_delete", counts.Deletes);
            Add(response, "get_hits", counts.Hits);
            Add(response, "get_misses", counts.Gets - counts.Hits);
            Add(response, "curr_items", state.Items.Count);
            Add(response, "total_items", counts.Stored);
            Add(response, "bytes", state.Items.Bytes);
            Add(response, "limit_maxbytes", state.Items.Capacity);
            Add(response, "evictions", state.Items.Evictions);
            Add(response, "memory_origin", state.MemoryOrigin);
            Add(response, "damaged_items", state.Items.Damaged);
        }

        response.Line("END"u8);
    }

    /// <summary>Tells whether a word is a group of memcached's. They are about its own memory, and empty here.</summary>
    private static bool IsGroup(ReadOnlySpan<byte> which) =>
        which.SequenceEqual("items"u8) || which.SequenceEqual("slabs"u8) || which.SequenceEqual("sizes"u8)
        || which.SequenceEqual("settings"u8) || which.SequenceEqual("conns"u8) || which.SequenceEqual("cachedump"u8);

    private static void Add(Response response, string name, long value) =>
        Add(response, name, value.ToString(CultureInfo.InvariantCulture));

    private static void Add(Response response, string name, string value) =>
        response.Add("STAT "u8).AddText(name).Add(" "u8).AddText(value).Line();
}
