using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that what the VM's run keeps is read as rows.</summary>
public sealed class VmRunTests : IDisposable
{
    private const string Kept = """
        {
          "Date": "2026-11-21", "Machine": "2 cores", "Kernel": "7.3.4", "Accelerator": "Tcg", "MemoryMiB": 1024,
          "ClockDifference": 0.1, "CyclesPerSecond": 2e9, "LostWorks": 0, "HostCalls": [], "ObjectBytes": [64, 96],
          "Calls": [
            { "Operation": "getppid", "Native": [100, 100, 100], "Managed": [150, 150, 150], "Bytes": [0, 0, 0] },
            { "Operation": "preserve a file", "Native": [1000, 2000, 3000, 1000], "Managed": [1100, 2200, 3000, 1000],
              "Bytes": [0, 0, 24, 0] }
          ],
          "CopyBytesPerSecond": [1073741824, 2147483648],
          "Updates": [
            { "Size": { "Bytes": 4096, "HugeFolios": false, "Sessions": 10, "Files": 1 },
              "Seconds": { "Preserve": 0.5, "RetrieveSessions": 0.25 } },
            { "Size": { "Bytes": 4096, "HugeFolios": false, "Sessions": 10, "Files": 1 },
              "Seconds": { "Preserve": 1.5, "RetrieveSessions": 0.25 } },
            { "Size": { "Bytes": 1048576, "HugeFolios": true, "Sessions": 1, "Files": 1 }, "Seconds": { "Preserve": 2 } }
          ],
          "Disks": [ { "Bytes": 8388608, "SaveSeconds": 1, "DownSeconds": 2, "LoadSeconds": 3 } ]
        }
        """;

    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void EveryNumber_BecomesARow()
    {
        File.WriteAllText(_path, Kept);
        RunResults run = RunResults.Load(_path);
        Assert.Equal(("vm", "7.3.4", "Tcg"), (run.What, run.Machine.Kernel, run.Machine.Accelerator));
        Assert.Equal(
            [
                "memory copy", "C: getppid", "managed: getppid", "C: preserve a file", "managed: preserve a file",
                "phase: preserve [files=1, folio=4096, sessions=10, size=4096]",
                "phase: retrieve sessions [files=1, folio=4096, sessions=10, size=4096]",
                "phase: preserve [files=1, folio=2097152, sessions=1, size=1048576]",
                "disk: save [size=8388608]", "disk: down [size=8388608]", "disk: load [size=8388608]",
            ],
            run.Rows.Select(static row => row.Key));
        Assert.Equal((0.75e9, 0.5e9, 2), (run.Rows[0].Median, run.Rows[0].Min, run.Rows[0].N));
        Assert.Equal((1500, 1000, 2250, 15), (run.Rows[3].Median, run.Rows[3].Q1, run.Rows[3].Q3, run.RatioOf(run.Rows[3])));

        // Of two pairs of rounds: 1.1 and 1.
        Assert.Equal(
            (1.05, 1.025, 1.075, 0),
            (run.Rows[4].Ratio!.Value, run.Rows[4].RatioQ1!.Value, Math.Round(run.Rows[4].RatioQ3!.Value, 9), run.Rows[4].Allocated));
        Assert.Equal((1e9, 2), (run.Rows[5].Median, run.Rows[5].N));
    }

    [Theory]
    [InlineData("\"Kernel\"", "\"kernel\"")]
    [InlineData("[100, 100, 100]", "[]")]
    [InlineData("[100, 100, 100]", "[\"100\"]")]
    [InlineData("\"Sessions\": 10", "\"Sessions\": \"ten\"")]
    public void RunThatIsNotWhole_IsRefusedByName(string whole, string broken)
    {
        File.WriteAllText(_path, Kept.Replace(whole, broken, StringComparison.Ordinal));
        Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => RunResults.Load(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RunComparedWithItself_HasNotChanged()
    {
        File.WriteAllText(_path, Kept);
        RunResults run = RunResults.Load(_path);
        Assert.All(new Comparison(run, run).Changes, static change => Assert.Equal((1, false), (change.Factor, change.IsBeyondSpread)));
    }

    public void Dispose() => File.Delete(_path);
}
