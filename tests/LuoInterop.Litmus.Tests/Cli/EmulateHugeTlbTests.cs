using System.Text.Json;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Litmus.Tests.Cli;

/// <summary>Runs <c>luoctl emulate hugetlb</c> as a user does: the talk's table, JSON, and what is refused.</summary>
public sealed class EmulateHugeTlbTests
{
    [Fact]
    public void Default_IsTheTalksTable()
    {
        (int code, string output, string error) = Luoctl();
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            """
            100 GiB host, 90 pages of 1 GiB configured, 5 preserved

            fix          before kexec  after boot  after retrieve  free
            none                   90          90              95    90
            freeze-pool            90          90              90    85
            count                  90          85              90    85

            none: HugeTLB: registered 1.00 GiB page size, pre-allocated 90 pages
            count: HugeTLB: registered 1.00 GiB page size, pre-allocated 85 pages, 5 pages from liveupdate

            """,
            WithoutMemory(output));
    }

    [Fact]
    public void ScratchOnly_LeavesNoRoomForGiganticPages()
    {
        (int code, string output, _) = Luoctl("--scratch-only", "--fix", "count", "--json");
        Assert.Equal(0, code);
        JsonElement document = JsonDocument.Parse(output).RootElement;
        Assert.Equal(
            (107374182400, true), (document.GetProperty("hostMemory").GetInt64(), document.GetProperty("scratchOnly").GetBoolean()));
        JsonElement outcome = Assert.Single(document.GetProperty("outcomes").EnumerateArray());
        Assert.Equal("count", outcome.GetProperty("fix").GetString());
        Assert.Equal(0, outcome.GetProperty("afterBoot").GetProperty("total").GetInt32());
        Assert.Equal(5, outcome.GetProperty("afterBoot").GetProperty("fromLiveUpdate").GetInt32());
        Assert.Equal(5, outcome.GetProperty("afterRetrieve").GetProperty("total").GetInt32());
        Assert.Contains("failed", outcome.GetProperty("messages")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void OtherNumbers_AreCountedToo()
    {
        (int code, string output, _) =
            Luoctl("--host-memory", "1G", "--page-size", "2m", "--pages", "100", "--preserved", "30", "--fix", "none");
        Assert.Equal(0, code);
        Assert.Contains("none                  100         100             130   100", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--preserved 100 pages are more than the 90", "--preserved", "100")]
    [InlineData("Only 3 of 90 pages of 1 GiB fit into 4 GiB", "--host-memory", "4G")]
    [InlineData("--page-size is 2M or 1G", "--page-size", "4M")]
    [InlineData("--host-memory is 256M to 64T", "--host-memory", "1M")]
    [InlineData("'1Q' is not a number of bytes", "--host-memory", "1Q")]
    [InlineData("not negative", "--pages", "-1")]
    [InlineData("'both' not recognized", "--fix", "both")]
    public void WhatCannotBe_IsNamed_AndExits2(string expected, params string[] options)
    {
        (int code, _, string error) = Luoctl(options);
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    // The last column depends on what else the emulated kernel has in memory.
    private static string WithoutMemory(string output) => string.Join('\n', output.Split('\n').Select(static line =>
        line.EndsWith(" MiB", StringComparison.Ordinal)
            ? line[..60].TrimEnd()
            : line.Replace("  memory left", "", StringComparison.Ordinal)));

    private static (int Code, string Output, string Error) Luoctl(params string[] options) =>
        ChildProgram.RunBeside("luoctl.dll", ["emulate", "hugetlb", .. options]);
}
