using System.Globalization;
using System.Text;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the numbers of each chart as a table with tabs: a line of names, then a line for each point.</summary>
internal static class ChartData
{
    /// <summary>Gives the charts' names and tables.</summary>
    public static IEnumerable<(string Chart, string Table)> Of(BenchResults results)
    {
        if (results.Calls.Count > 0)
        {
            yield return ("calls", Calls(results.Calls));
        }

        foreach (PhaseCurve curve in PhaseCurve.Of(results.Updates))
        {
            yield return (curve.Name, Table(curve));
        }

        if (results.Disks.Count > 0)
        {
            yield return ("disk", Disk(results));
        }
    }

    private static string Calls(IReadOnlyList<CallResult> calls)
    {
        var table = new StringBuilder();
        Line(table, "operation", [.. Names("C ns"), .. Names("managed ns"), .. Names("ratio")]);
        foreach (CallResult call in calls)
        {
            Line(
                table,
                call.Operation,
                [.. Quartiles(Spread.Of(call.Native)), .. Quartiles(Spread.Of(call.Managed)), .. Quartiles(call.Ratio)]);
        }

        return table.ToString();

        static string[] Names(string name) => [name, name + " first quartile", name + " third quartile"];
        static string[] Quartiles(Spread spread) => [Text(spread.Median), Text(spread.Lower), Text(spread.Upper)];
    }

    private static string Table(PhaseCurve curve)
    {
        var table = new StringBuilder();
        Line(table, curve.Unit, [.. curve.Phases.SelectMany(static phase => Names(PhaseNames.Of(phase)))]);
        foreach ((double x, UpdateResult[] repeats) in curve.Points)
        {
            Line(table, Text(x), [.. curve.Phases.SelectMany(phase => Range(PhaseCurve.Seconds(repeats, phase)))]);
        }

        return table.ToString();
    }

    private static string Disk(BenchResults results)
    {
        var table = new StringBuilder();
        Line(
            table,
            "bytes",
            [
                .. Names("disk"), .. Names("disk, with the kexec"), .. Names("4 KiB folios"), .. Names("4 KiB folios, with the kexec"),
                .. Names("2 MiB folios"), .. Names("2 MiB folios, with the kexec"),
            ]);
        foreach (DiskComparison comparison in DiskComparison.Of(results))
        {
            Line(
                table,
                Text(comparison.Bytes),
                [.. new[]
                {
                    comparison.Disk, comparison.DiskWhole, comparison.Small, comparison.SmallWhole, comparison.Huge, comparison.HugeWhole,
                }
                    .SelectMany(static spread => spread is { } one ? Range(one) : ["", "", ""])]);
        }

        return table.ToString();
    }

    private static string[] Names(string name) => [name + " s", name + " least", name + " most"];

    private static string[] Range(Spread spread) => [Text(spread.Median), Text(spread.Least), Text(spread.Most)];

    private static string Text(double number) => number.ToString("G6", CultureInfo.InvariantCulture);

    private static void Line(StringBuilder table, string first, string[] rest) =>
        table.Append(first).Append('\t').AppendJoin('\t', rest).Append('\n');
}
