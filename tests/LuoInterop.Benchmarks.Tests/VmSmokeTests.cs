using System.Text.Json;
using LuoInterop.Tests.Shared;
using LuoInterop.VmBenchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Runs every measurement in the VM once, so that none of them rots. No time is looked at.</summary>
[Trait("Category", "VM")]
public sealed class VmSmokeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-bench-").FullName;

    [Fact]
    public void EveryMeasurement_IsTakenOnce()
    {
        (int code, string output, string error) = ChildProgram.RunBeside("luo-bench-vm.dll", "--smoke", "--out", _folder);
        Assert.True(code == 0, output + error);
        Assert.Equal("everything was done once; nothing was measured\n", output);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Assert.Single(Directory.GetFiles(_folder, "*-vm.json"))));
        JsonElement results = json.RootElement;
        Assert.Equal(
            [
                "close a finished session", "close a memfd", "create a memfd", "create a session", "create a session and its object",
                "drop a session", "drop a session and its object", "finish a session", "getppid", "look at its seals and preserve a file",
                "map and unmap a memfd", "preserve a file", "retrieve a file", "retrieve a file and its handle",
                "retrieve a memfd and its handle", "retrieve a session", "retrieve a session and its object", "seal a memfd",
                "size a memfd",
            ],
            results.GetProperty("Calls")
                .EnumerateArray()
                .Select(static call => call.GetProperty("Operation").GetString())
                .Order(StringComparer.Ordinal));

        // Not a time, and the same in every run: nothing is allocated but what is returned.
        double[] returned = [.. results.GetProperty("ObjectBytes").EnumerateArray().Select(static bytes => bytes.GetDouble())];
        double Allocated(string operation) => results.GetProperty("Calls").EnumerateArray()
            .Single(call => call.GetProperty("Operation").GetString() == operation)
            .GetProperty("Bytes")
            .EnumerateArray()
            .Single()
            .GetDouble();
        Assert.All(
            (string[])[
                "create a session", "preserve a file", "look at its seals and preserve a file", "retrieve a session",
                "retrieve a file", "finish a session"],
            operation => Assert.Equal(0, Allocated(operation)));
        Assert.Equal(returned, (double[])[Allocated("retrieve a file and its handle"), Allocated("retrieve a memfd and its handle")]);

        // A work whose kernel's last line the console has garbled does not count, and says so.
        int works = results.GetProperty("Updates").GetArrayLength() + results.GetProperty("Disks").GetArrayLength();
        Assert.InRange(works + results.GetProperty("LostWorks").GetInt32(), 2, 3);
        foreach (JsonElement update in results.GetProperty("Updates").EnumerateArray())
        {
            Assert.Equal(16, update.GetProperty("HugeFolios").GetDouble());
            Assert.Equal(
                Enum.GetNames<Phase>(), update.GetProperty("Seconds").EnumerateObject().Select(static phase => phase.Name));
            Assert.All(update.GetProperty("Seconds").EnumerateObject(), static phase =>
                Assert.True(phase.Value.GetDouble() > 0, phase.ToString()));
        }

        Assert.Contains(
            "| finish a session |", File.ReadAllText(Assert.Single(Directory.GetFiles(_folder, "*-vm.md"))), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
