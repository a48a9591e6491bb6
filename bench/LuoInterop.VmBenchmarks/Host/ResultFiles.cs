using System.Globalization;
using System.Text.Json;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the results: a page, everything as JSON, and a table of numbers for each chart.</summary>
internal static class ResultFiles
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>Reads the JSON of an earlier run.</summary>
    /// <exception cref="InvalidDataException">It is not that; the message names the file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static BenchResults Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<BenchResults>(File.ReadAllText(file)) ?? throw new JsonException("It holds nothing.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{file} is no result of luo-bench-vm: {error.Message}", error);
        }
    }

    /// <summary>Writes DATE-vm.md, DATE-vm.json and DATE-vm-CHART.tsv into a folder.</summary>
    public static void Write(string folder, BenchResults results)
    {
        Directory.CreateDirectory(folder);
        string stem = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{results.Date}-vm"));
        File.WriteAllText(stem + ".md", ResultPage.Write(results));
        File.WriteAllText(stem + ".json", JsonSerializer.Serialize(results, s_json) + "\n");
        foreach ((string chart, string table) in ChartData.Of(results))
        {
            File.WriteAllText($"{stem}-{chart}.tsv", table);
        }

        Console.Error.WriteLine($"written: {stem}.md, .json and .tsv");
    }
}
