using System.Text.Json;
using LuoInterop.Benchmarks;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Makes runs to test with.</summary>
internal static class Runs
{
    public static readonly DateTime Date = new(2026, 11, 21, 1, 2, 3, DateTimeKind.Utc);

    public static RunResults Of(params ResultRow[] rows) => new()
    {
        Format = RunResults.CurrentFormat,
        What = "host",
        Date = Date,
        Command = "make bench",
        Machine = new MachineDescription(2, "some processor", 24L << 30, "6.18", "10.0.0"),
        Rows = rows,
    };

    /// <summary>Makes a row whose middle half is a tenth to each side of its median.</summary>
    public static ResultRow Row(string name, double median, string? relativeTo = null, params (string Name, object Value)[] parameters) =>
        new()
    {
        Name = name,
        Unit = "ns",
        Median = median,
        Q1 = median * 0.9,
        Q3 = median * 1.1,
        Min = median * 0.8,
        N = 5,
        RelativeTo = relativeTo,
        Parameters = parameters.ToDictionary(static parameter => parameter.Name, static parameter =>
            JsonSerializer.SerializeToElement(parameter.Value)),
    };
}
