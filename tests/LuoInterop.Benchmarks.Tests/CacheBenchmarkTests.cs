using LuoInterop.Cache.Benchmarks;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Holds what the benchmark of caches does with its figures, and runs it once. No time is looked at.</summary>
public sealed class CacheBenchmarkTests
{
    [Fact]
    public void Rounds_HaveEveryContestant_AndBeginWithAnother()
    {
        Contestant[][] rounds = [.. Enumerable.Range(0, Contestant.All.Count).Select(round => Contestant.InRound(round).ToArray())];

        Assert.All(rounds, static round => Assert.Equal(Contestant.All.Count, round.Distinct().Count()));
        Assert.Equal(Contestant.All, rounds.Select(static round => round[0]));
    }

    [Fact]
    public void Values_AreAllDifferent_AndTheSameEachTime()
    {
        var items = new CacheItems(10_000, 100, 64);
        HashSet<string> values = [.. Enumerable.Range(0, items.Count).Select(number => Value(items, number))];

        Assert.Equal(items.Count, values.Count);
        Assert.Equal(Value(items, 4097), Value(new CacheItems(1, 100, 64), 4097));
    }

    [Fact]
    public void Commands_StoreEveryItemWithoutAnAnswer()
    {
        var items = new CacheItems(2, 16, 64);
        string path = Path.GetTempFileName();
        try
        {
            items.WriteCommands(path);
            byte[] expected = [.. Command(0), .. Command(1)];
            Assert.Equal(expected, File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }

        byte[] Command(int number)
        {
            byte[] value = new byte[16];
            items.WriteValue(number, value);
            return [.. "set key-00000000"u8, (byte)('0' + number), .. " 0 0 16 noreply\r\n"u8, .. value, .. "\r\n"u8];
        }
    }

    [Fact]
    public void Resident_IsReadFromTheKernelsLines()
    {
        Resident resident = Resident.Parse(
            ["Name:\tluo-cache", "VmRSS:\t   60 kB", "RssAnon:\t   10 kB", "RssFile:\t   20 kB", "RssShmem:\t   30 kB"]);

        Assert.Equal(new Resident(10 << 10, 30 << 10, 20 << 10), resident);
        Assert.Equal(60 << 10, resident.All);
        Assert.Throws<FormatException>(static () => Resident.Parse(["RssAnon:\t10", "RssShmem:\t10", "RssFile:\t10"]));
    }

    [Fact]
    public void Table_HasMediansRangesAndRatiosOfTheSameRound()
    {
        var items = new CacheItems(1000, 100, 64);
        var resident = new Resident(1 << 20, 2 << 20, 3 << 20);
        CacheRun Run(double full) => new(5, 9, full, full, 3 * full, 1000, resident, resident);
        CacheRun none = new(1, 2, null, null, null, 0, resident, resident);
        Dictionary<Contestant, IReadOnlyList<CacheRun>> runs = Contestant.All.ToDictionary(
            static contestant => contestant,
            contestant => (IReadOnlyList<CacheRun>)(contestant.Name == "memcached, empty" ? [none, none, none]
                : contestant.Reloads ? [Run(1000), Run(4000), Run(3000)] : [Run(10), Run(20), Run(30)]));

        string[] rows = CachePage.Table(items, runs).Split('\n');

        Assert.Equal("## 1,000 keys, values of 100 bytes, 64 MiB", rows[0]);
        Assert.Contains(
            "| luo-cache, stopped | 5.0 [5.0, 5.0] | 20 [10, 30] | 20 [10, 30] | 1.0 [1.0, 1.0] | 60 [30, 90] | all | 6.0 | 6.0 | 1.0 |",
            rows);
        Assert.Contains(
            "| memcached, reloaded from a file | 5.0 [5.0, 5.0] | 3,000 [1,000, 4,000] | 3,000 [1,000, 4,000] | 100 [100, 200] "
                + "| 9,000 [3,000, 12,000] | all | 6.0 | 6.0 | 1.0 |",
            rows);
        Assert.Contains("| memcached, empty | 1.0 [1.0, 1.0] | - | - | - | - | none | 6.0 | 6.0 | 1.0 |", rows);
    }

    [Fact]
    public void EveryContestant_RunsOnce_AndHasTheKeysItPromises()
    {
        string folder = Directory.CreateTempSubdirectory("luo-bench-").FullName;
        try
        {
            string result = Path.Combine(folder, "cache");
            (int code, string output, string error) = ChildProgram.RunBeside("bench-cache.dll", result, "--smoke");
            Assert.True(code == 0, output + error);

            string[][] lines = [.. File.ReadLines(result + ".tsv").Select(static line => line.Split('\t'))];
            Assert.Equal(CachePage.Head.Split('\t'), lines[0]);
            Assert.Equal(
                Contestant.All.Select(static contestant => (
                    contestant.Name, contestant.Name is "memcached, empty" or "memcached -e, kill -9" ? "0" : "1000")),
                lines[1..].Select(static line => (line[3], line[9])));
            Assert.All(lines[1..], static line => Assert.Equal(line[9] == "0", line[6].Length == 0));
            Assert.StartsWith("# A cache after its restart", File.ReadAllText(result + ".md"), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData]
    [InlineData("result")]
    [InlineData("result", "luo-cache", "none")]
    public void WrongWords_AreAnsweredWithTheUsageOfTheBenchmark(params string[] words)
    {
        (int code, string output, string error) = ChildProgram.RunBeside("bench-cache.dll", words);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("usage: bench-cache", error, StringComparison.Ordinal);
    }

    private static string Value(CacheItems items, int number)
    {
        byte[] value = new byte[items.ValueBytes];
        items.WriteValue(number, value);
        return Convert.ToHexString(value);
    }
}
