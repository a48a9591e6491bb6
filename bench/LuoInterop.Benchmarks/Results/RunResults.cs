using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LuoInterop.Benchmarks;

/// <summary>Holds what one run measured, as it is kept in bench/results.</summary>
internal sealed record RunResults
{
    /// <summary>The format that is written and read.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required int Format { get; init; }

    /// <summary>Gets what was measured: <c>host</c> or <c>vm</c>.</summary>
    public required string What { get; init; }

    public required DateTime Date { get; init; }

    public required string Command { get; init; }

    public required MachineDescription Machine { get; init; }

    public required IReadOnlyList<ResultRow> Rows { get; init; }

    /// <summary>Reads a run.</summary>
    /// <exception cref="InvalidDataException">The file is no run of a format that is known here;
    /// the message names file and reason.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static RunResults Load(string path)
    {
        RunResults? run;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            run = VmRun.Is(document.RootElement) ? VmRun.Read(document.RootElement) : document.Deserialize<RunResults>(Options);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException
            or ArgumentException)
        {
            throw new InvalidDataException($"{path} is no result of a benchmark: {error.Message}", error);
        }

        if (run is not { Rows: not null, Machine: not null } || run.Format != CurrentFormat)
        {
            throw new InvalidDataException($"{path} is no result of a benchmark, or has another format than {CurrentFormat}.");
        }

        return run.Rows.GroupBy(static row => row.Key).FirstOrDefault(static rows => rows.Count() > 1) is { } twice
            ? throw new InvalidDataException($"{path} has the row \"{twice.Key}\" more than once.")
            : run;
    }

    /// <summary>Writes the run, a row on a line.</summary>
    public void Save(string path)
    {
        string head = JsonSerializer.Serialize(this with { Rows = [] }, Options);
        var text = new StringBuilder(head[..head.LastIndexOf("[]", StringComparison.Ordinal)]).Append("[\n");
        text.AppendJoin(
            ",\n",
            Rows.Select(row => JsonSerializer.Serialize(row with { Ratio = RatioOf(row) is { } ratio ? Rounded(ratio) : null }, Options)));
        File.WriteAllText(path, text.Append("\n]}\n").ToString());
    }

    /// <summary>Finds the row that another is measured by: of those of the name, the one with the most parameters,
    /// all of which fit.</summary>
    /// <returns>Null when the row names none, or none fits.</returns>
    public ResultRow? YardstickOf(ResultRow row) => row.RelativeTo is null
        ? null
        : Rows.Where(other => other.Name == row.RelativeTo && other.Unit == row.Unit && other.Median > 0 && row.Covers(other))
            .MaxBy(static other => other.Parameters.Count);

    /// <summary>Gets a row by its yardstick: as it was measured, or by the medians.</summary>
    public double? RatioOf(ResultRow row) => row.Ratio ?? (YardstickOf(row) is { } yardstick ? row.Median / yardstick.Median : null);

    private static double Rounded(double value) =>
        double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
