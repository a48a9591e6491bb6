using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LuoInterop.Benchmarks;

/// <summary>Writes a run as tables that a drawing program reads: a file for each operation, with a line of column names.</summary>
internal static class TsvFiles
{
    private const string Missing = "NaN";

    /// <summary>Writes the files into a folder, which is made.</summary>
    /// <returns>The paths.</returns>
    public static IReadOnlyList<string> Write(RunResults run, string folder)
    {
        Directory.CreateDirectory(folder);
        var paths = new List<string>();
        foreach (IGrouping<string, ResultRow> rows in run.Rows.GroupBy(static row => Slug(row.Name)))
        {
            string path = Path.Combine(folder, $"{run.What}-{rows.Key}.tsv");
            File.WriteAllText(path, Table(run, [.. rows]));
            paths.Add(path);
        }

        return paths;
    }

    /// <summary>Makes a name of a file: letters and digits stay, everything else becomes one dash.</summary>
    public static string Slug(string name) => string.Join(
        '-',
        new string([.. name.ToLowerInvariant().Select(static c => char.IsAsciiLetterOrDigit(c) ? c : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string Table(RunResults run, IReadOnlyList<ResultRow> rows)
    {
        string[] parameters = [.. rows.SelectMany(static row => row.Parameters.Keys).Distinct()];
        var text = new StringBuilder();
        Line(text, [.. parameters, "median", "q1", "q3", "min", "n", "allocated", "ratio", "ratioQ1", "ratioQ3"]);
        foreach (ResultRow row in rows)
        {
            double? ratio = run.RatioOf(row);
            double? scale = ratio / row.Median;
            Line(
                text,
                [
                    .. parameters.Select(parameter =>
                        row.Parameters.TryGetValue(parameter, out JsonElement value) ? Word(value.ToString()) : Missing),
                    .. new[]
                    {
                        row.Median, row.Q1, row.Q3, row.Min, row.N, row.Allocated, ratio, row.RatioQ1 ?? row.Q1 * scale,
                        row.RatioQ3 ?? row.Q3 * scale,
                    }.Select(static value => value?.ToString("G9", CultureInfo.InvariantCulture) ?? Missing),
                ]);
        }

        return text.ToString();
    }

    private static string Word(string text) => text.Replace('\t', ' ').Replace('\n', ' ');

    private static void Line(StringBuilder text, string[] cells) => text.AppendJoin('\t', cells).Append('\n');
}
