using System.Text.Json;
using System.Text.Json.Serialization;

namespace LuoInterop.Benchmarks;

/// <summary>Holds the figures of one operation with one set of parameters; bench/results/README.md says what each member means.</summary>
internal sealed record ResultRow
{
    public required string Name { get; init; }

    public Dictionary<string, JsonElement> Parameters { get; init; } = [];

    /// <summary>Gets the unit: <c>ns</c> for one operation, or <c>B</c>.</summary>
    public required string Unit { get; init; }

    public required double Median { get; init; }

    public double Q1 { get; init; }

    public double Q3 { get; init; }

    public double Min { get; init; }

    public int N { get; init; }

    public double? Allocated { get; init; }

    public string? RelativeTo { get; init; }

    public double? Ratio { get; init; }

    public double? RatioQ1 { get; init; }

    public double? RatioQ3 { get; init; }

    /// <summary>Gets the parameters in words; the same ones in another order are the same words.</summary>
    [JsonIgnore]
    public string ParametersText => string.Join(
        ", ",
        Parameters.OrderBy(static parameter => parameter.Key, StringComparer.Ordinal)
            .Select(static parameter => $"{parameter.Key}={parameter.Value}"));

    /// <summary>Gets what tells the row from every other of its run.</summary>
    [JsonIgnore]
    public string Key => Parameters.Count == 0 ? Name : $"{Name} [{ParametersText}]";

    /// <summary>Gets a parameter that is a number.</summary>
    public double? Number(string parameter) =>
        Parameters.TryGetValue(parameter, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>Tells whether the row has every parameter of another one, with the same values.</summary>
    public bool Covers(ResultRow other) => other.Parameters.All(
        parameter => Parameters.TryGetValue(parameter.Key, out JsonElement value) && value.ToString() == parameter.Value.ToString());

    /// <summary>Gives the row with one parameter more.</summary>
    public ResultRow With(string parameter, string value) => this with
    {
        Parameters = new(Parameters) { [parameter] = JsonSerializer.SerializeToElement(value) },
    };

    /// <summary>Gives the row with one parameter less.</summary>
    public ResultRow Without(string parameter) => this with { Parameters = new(Parameters.Where(other => other.Key != parameter)) };

    /// <summary>Gives the row with every figure divided, as when one invocation did many things.</summary>
    public ResultRow DividedBy(double count) => this with
    {
        Median = Median / count,
        Q1 = Q1 / count,
        Q3 = Q3 / count,
        Min = Min / count,
        Allocated = Allocated / count,
    };

    /// <summary>Makes a row of something that was counted and does not vary.</summary>
    public static ResultRow Counted(string name, double bytes, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var row = new ResultRow { Name = name, Unit = "B", Median = bytes, Q1 = bytes, Q3 = bytes, Min = bytes, N = 1 };
        foreach ((string parameter, object value) in parameters)
        {
            row.Parameters.Add(parameter, JsonSerializer.SerializeToElement(value));
        }

        return row;
    }
}
