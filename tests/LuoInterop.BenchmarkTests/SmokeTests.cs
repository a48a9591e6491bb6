using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.BenchmarkTests;

/// <summary>Runs every benchmark once, so that none of them rots. No time is looked at.</summary>
public sealed class SmokeTests
{
    [Fact]
    public void EveryBenchmark_RunsOnce()
    {
        (int code, string output, string error) = Bench("--smoke");
        Assert.True(code == 0, output + error);
        Assert.Equal(
            [
                "done: ArrayBenchmarks.ReadArray [Placement=Dense]",
                "done: ArrayBenchmarks.ReadArray [Placement=RandomInTiB]",
                "done: ArrayBenchmarks.ReadList [Placement=Dense]",
                "done: ArrayBenchmarks.ReadList [Placement=RandomInTiB]",
                "done: ArrayBenchmarks.WriteArray [Placement=Dense]",
                "done: ArrayBenchmarks.WriteArray [Placement=RandomInTiB]",
                "done: ArrayBenchmarks.WriteList [Placement=Dense]",
                "done: ArrayBenchmarks.WriteList [Placement=RandomInTiB]",
                "done: CreateBenchmarks.CreateAndClose [Present=100]",
                "done: HandoverBenchmarks.Handover [HugeFolios=False]",
                "done: HandoverBenchmarks.Handover [HugeFolios=True]",
                "done: PreserveBenchmarks.Preserve [Present=100]",
                "done: RetrieveFileBenchmarks.Retrieve [Present=100]",
                "done: RetrieveSessionBenchmarks.Session [Present=100]",
                "done: RetrieveSessionBenchmarks.SessionAndFile [Present=100]",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--fast")]
    [InlineData("--smoke", "--files")]
    public void WrongWords_AreAnsweredWithTheUsage(params string[] words)
    {
        (int code, string output, string error) = Bench(words);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("usage: luo-bench", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Bench(params string[] words) => ChildProgram.RunBeside("luo-bench.dll", words);
}
