using System.Diagnostics;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Is what one end and start of a server took. Times are milliseconds.</summary>
/// <param name="Stop">From the signal to the end of the process.</param>
/// <param name="FirstAnswer">From the start of the next process to its first answer.</param>
/// <param name="FirstHit">To the first key that was there, of keys asked in a random order; null where none was.</param>
/// <param name="FullRate">To the time from which on every key was there; null where that never came.</param>
/// <param name="AllRead">To the time at which one client had read every key once; null where some were not there.</param>
/// <param name="Hits">How many keys were there at the end.</param>
/// <param name="AtFirst">What was in RAM at <paramref name="FirstHit"/>, or at the first answer where there was none.</param>
/// <param name="AtEnd">What was in RAM when every key had been asked for.</param>
internal sealed record CacheRun(
    double Stop, double FirstAnswer, double? FirstHit, double? FullRate, double? AllRead, int Hits, Resident AtFirst, Resident AtEnd)
{
    /// <summary>Fills a server, ends it, and starts it again.</summary>
    /// <param name="contestant">What runs.</param>
    /// <param name="items">What it holds.</param>
    /// <param name="luoCache">The path of luo-cache.</param>
    /// <param name="folder">A folder in memory.</param>
    /// <param name="commands">The file of commands that store every item.</param>
    /// <param name="seed">Of the order in which keys are asked.</param>
    public static CacheRun Make(Contestant contestant, CacheItems items, string luoCache, string folder, string commands, int seed)
    {
        using var server = new CacheProcess(contestant, items, luoCache, folder);
        server.Start();
        using CacheClient before = server.Connect();
        before.Send(commands);
        if (before.CountHits() is var stored && stored != items.Count)
        {
            throw new InvalidOperationException($"{contestant.Name} has {stored} of {items.Count} items that were stored.");
        }

        // The client stays connected: so it is when a server is stopped.
        long signal = Stopwatch.GetTimestamp();
        server.Stop();
        double stop = Stopwatch.GetElapsedTime(signal).TotalMilliseconds;

        server.AwaitNextSecond();
        long start = Stopwatch.GetTimestamp();
        server.Start();
        using CacheClient client = server.Connect();
        var random = new Random(seed);
        double? firstHit = null;
        double? fullRate = null;
        bool hits = client.Hits(random.Next(items.Count));
        double firstAnswer = Since(start);
        if (contestant.Reloads)
        {
            using CacheClient loader = server.Connect();
            Task<double> load = Task.Run(() =>
            {
                loader.Send(commands);
                return Since(start);
            });
            while (!hits && !load.IsFaulted)
            {
                Thread.Sleep(1);
                hits = client.Hits(random.Next(items.Count));
            }

            firstHit = Since(start);
            Resident atFirst = server.ReadResident();
            fullRate = load.GetAwaiter().GetResult();
            return End(atFirst);
        }

        if (hits)
        {
            firstHit = fullRate = firstAnswer;
        }

        return End(server.ReadResident());

        CacheRun End(Resident atFirst)
        {
            int found = client.CountHits();
            double? allRead = found == items.Count ? Since(start) : null;
            return new CacheRun(
                stop, firstAnswer, firstHit, allRead is null ? null : fullRate, allRead, found, atFirst, server.ReadResident());
        }
    }

    private static double Since(long start) => Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}
