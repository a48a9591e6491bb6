using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Tests.Differences;

/// <summary>Holds the table of differences, the tests that show them, the page and what a kernel says together.</summary>
public sealed partial class DifferenceTableTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly string[] s_ids = [.. EmulatedDifferences.All.Select(static row => row.Id)];

    [Fact]
    public void EveryRow_IsShownByATest_AndEveryTestNamesARow()
    {
        string[] shown = [.. typeof(DifferenceTableTests).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods(Declared))
            .Where(static method => method.GetCustomAttribute<FactAttribute>() is { Skip: null })
            .SelectMany(static method => method.GetCustomAttributes<DifferenceAttribute>())
            .Select(static difference => difference.Id)
            .Distinct()];
        Assert.Equal(s_ids.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Rows_AreNamedOnce_AndComplete()
    {
        Assert.Equal(s_ids, s_ids.Distinct());
        Assert.All(EmulatedDifferences.All, static row =>
        {
            Assert.Matches(Name(), row.Id);
            Assert.All([row.Call, row.Emulated, row.Linux, row.Why], static text => Assert.Matches(Text(), text));
        });
    }

    [Theory]
    [InlineData("7.3.4", 0)]
    [InlineData("7.3.4-rfc-guest-memfd", 1)]
    [InlineData("7.3.4-rfc-hugetlb", 2)]
    [InlineData("7.3.4-rfc-hugetlb-rfc-guest-memfd", 3)]
    public void Kernel_SaysTheRowsOfItsPreviews(string release, int previews)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Release = release });
        Assert.Equal(
            [
                .. EmulatedDifferences.Always.Select(static row => row.ToString()),
                .. (previews & 1) != 0 ? EmulatedDifferences.GuestMemfd.Select(static row => row.ToString()) : [],
                .. (previews & 2) != 0 ? EmulatedDifferences.HugeTlb.Select(static row => row.ToString()) : [],
            ],
            machine.Boot().Differences);
        Assert.Empty(Kernel.Linux.Differences);
    }

    [Fact]
    public void Page_HasTheTable() => DifferencePage.AssertHas("emulation.md", "differences", Table());

    private static string Table()
    {
        var table = new StringBuilder();
        Append(table, "On every emulated kernel", EmulatedDifferences.Always);
        Append(table, "With the preview of guest_memfd", EmulatedDifferences.GuestMemfd);
        Append(table, "With the preview of huge pages", EmulatedDifferences.HugeTlb);
        return table.ToString();
    }

    private static void Append(StringBuilder table, string title, IReadOnlyList<EmulatedDifference> rows)
    {
        table.Append($"\n**{title}**\n\n| id | call | the emulated kernel | Linux | why |\n|---|---|---|---|---|\n");
        foreach (EmulatedDifference row in rows)
        {
            table.Append($"| {row.Id} | {row.Call} | {row.Emulated} | {row.Linux} | {row.Why} |\n");
        }

        table.Append('\n');
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^[^|\n]*[^|\n.\s]$")]
    private static partial Regex Text();
}
