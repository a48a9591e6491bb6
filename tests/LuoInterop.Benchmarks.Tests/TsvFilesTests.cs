using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows the tables that charts are drawn from.</summary>
public sealed class TsvFilesTests
{
    [Fact]
    public void EachOperation_GetsATable()
    {
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            RunResults run = Runs.Of(
                Runs.Row("system call", 50),
                Runs.Row("C#: preserve", 100, "system call", ("size", 8), ("content", "dense")),
                Runs.Row("C#: preserve", 200, null, ("size", 16)) with { Allocated = 24 });
            Assert.Equal(
                ["host-system-call.tsv", "host-c-preserve.tsv"],
                TsvFiles.Write(run, folder).Select(static path => Path.GetFileName(path)));
            Assert.Equal(
                """
                size	content	median	q1	q3	min	n	allocated	ratio	ratioQ1	ratioQ3
                8	dense	100	90	110	80	5	NaN	2	1.8	2.2
                16	NaN	200	180	220	160	5	24	NaN	NaN	NaN

                """,
                File.ReadAllText(Path.Combine(folder, "host-c-preserve.tsv")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
