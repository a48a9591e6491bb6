namespace LuoInterop.Cache.Benchmarks;

/// <summary>Says how a server is ended.</summary>
internal enum ServerStop
{
    /// <summary>As its service manager does: SIGTERM, and SIGUSR1 for memcached with a memory file.</summary>
    Stopped,

    /// <summary>SIGKILL.</summary>
    Killed,
}

/// <summary>Is a way to have a cache again after its process ended.</summary>
/// <param name="Name">What it is called in the results.</param>
/// <param name="IsMemcached">Whether it is memcached, and not luo-cache.</param>
/// <param name="Stop">How the process ends.</param>
/// <param name="IsKept">Whether its memory is kept meanwhile.</param>
/// <param name="Checksum">Whether luo-cache makes a checksum of all memory.</param>
/// <param name="Reloads">Whether a client stores every item again from a file.</param>
internal sealed record Contestant(
    string Name, bool IsMemcached, ServerStop Stop, bool IsKept = false, bool Checksum = false, bool Reloads = false)
{
    /// <summary>Gets all, the one first that the others are measured by.</summary>
    public static IReadOnlyList<Contestant> All { get; } =
    [
        new("luo-cache, stopped", false, ServerStop.Stopped, IsKept: true),
        new("luo-cache, kill -9", false, ServerStop.Killed, IsKept: true),
        new("luo-cache --checksum, stopped", false, ServerStop.Stopped, IsKept: true, Checksum: true),
        new("luo-cache --checksum, kill -9", false, ServerStop.Killed, IsKept: true, Checksum: true),
        new("memcached -e, stopped (SIGUSR1)", true, ServerStop.Stopped, IsKept: true),
        new("memcached -e, kill -9", true, ServerStop.Killed, IsKept: true),
        new("memcached, reloaded from a file", true, ServerStop.Stopped, Reloads: true),
        new("luo-cache, reloaded from a file", false, ServerStop.Stopped, Reloads: true),
        new("memcached, empty", true, ServerStop.Stopped),
    ];

    /// <summary>Gives them in the order of a round: each round begins with another.</summary>
    public static IEnumerable<Contestant> InRound(int round) =>
        Enumerable.Range(0, All.Count).Select(place => All[(round + place) % All.Count]);
}
