using LuoInterop.Kho;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

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
                "done: BlockBenchmarks.Read [Entries=100]",
                "done: BlockBenchmarks.Write [Entries=100]",
                "done: CatalogueBenchmarks.Read [Names=10]",
                "done: CatalogueBenchmarks.Write [Names=10]",
                "done: CreateBenchmarks.CreateAndClose [Sessions=100]",
                "done: DecodeFilesBenchmarks.Decode [Files=100]",
                "done: DecodeFoliosBenchmarks.Decode [Folios=100]",
                "done: DiskCopyBenchmarks.Copy [Size=8388608]",
                "done: FdtBenchmarks.Read [Nodes=10]",
                "done: FdtBenchmarks.Write [Nodes=10]",
                "done: FinishBenchmarks.Finish [Sessions=100]",
                "done: HandoverBenchmarks.Handover [Size=8388608, Folio=2097152]",
                "done: HandoverBenchmarks.Handover [Size=8388608, Folio=4096]",
                "done: HandoverFilesBenchmarks.Handover [Files=10]",
                "done: HandoverSessionsBenchmarks.Handover [Sessions=10]",
                "done: LimitBenchmarks.MemoryCopy",
                "done: LimitBenchmarks.SystemCall",
                "done: MemfdBenchmarks.AddSeals",
                "done: MemfdBenchmarks.CreateAndClose",
                "done: MemfdBenchmarks.MapAndUnmap",
                "done: MemfdBenchmarks.SetSize",
                "done: PopulateBenchmarks.Populate [Size=8388608]",
                "done: PreserveBenchmarks.Preserve [Files=100]",
                "done: RadixTreeBenchmarks.Find [Pieces=100]",
                "done: RadixTreeBenchmarks.Read [Pieces=100]",
                "done: RadixTreeBenchmarks.Write [Pieces=100]",
                "done: RecordBenchmarks.ReadFile",
                "done: RecordBenchmarks.ReadMemfd",
                "done: RecordBenchmarks.ReadSession",
                "done: RecordBenchmarks.WriteFile",
                "done: RecordBenchmarks.WriteMemfd",
                "done: RecordBenchmarks.WriteSession",
                "done: RetrieveFileBenchmarks.Retrieve [Files=100]",
                "done: RetrieveSessionBenchmarks.Session [Sessions=100]",
                "done: RetrieveSessionBenchmarks.SessionAndFile [Sessions=100]",
                "done: SparseUpdateBenchmarks.Update [Size=8388608, Folio=2097152]",
                "done: SparseUpdateBenchmarks.Update [Size=8388608, Folio=4096]",
                "done: TmpfsCopyBenchmarks.Copy [Size=8388608]",
                "done: UpdateBenchmarks.Update [Size=8388608, Folio=2097152]",
                "done: UpdateBenchmarks.Update [Size=8388608, Folio=4096]",
                "done: VmallocListBenchmarks.Read [Pages=100]",
                "done: VmallocListBenchmarks.Write [Pages=100]",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--fast")]
    [InlineData("--only", "everything")]
    [InlineData("--smoke", "--only", "files")]
    [InlineData("--compare")]
    [InlineData("--tsv", "a.json")]
    public void WrongWords_AreAnsweredWithTheUsage(params string[] words)
    {
        (int code, string output, string error) = Bench(words);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("usage: luo-bench", error, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFile_IsNamed()
    {
        (int code, string output, string error) = Bench("--compare", "/nowhere/old.json", "/nowhere/new.json");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("luo-bench: ", error, StringComparison.Ordinal);
        Assert.Contains("/nowhere/old.json", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Bench(params string[] words) => ChildProgram.RunBeside("luo-bench.dll", words);
}
