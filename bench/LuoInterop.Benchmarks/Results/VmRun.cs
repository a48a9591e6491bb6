using System.Text.Json;
using System.Text.RegularExpressions;
using LuoInterop.VmBenchmarks;

namespace LuoInterop.Benchmarks;

/// <summary>Reads what <c>make bench-vm</c> keeps, which has every single number of every round, as rows.</summary>
internal static partial class VmRun
{
    private const string Yardstick = "C: getppid";

    /// <summary>The bytes of the row of the memory copy, which the run gives as a bandwidth.</summary>
    public const long CopySize = 1L << 30;

    /// <summary>Tells whether a file is such a run.</summary>
    public static bool Is(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("Calls", out _) && root.TryGetProperty("Updates", out _);

    /// <summary>Makes the rows.</summary>
    /// <exception cref="JsonException">A member is missing, or something else.</exception>
    /// <exception cref="ArgumentException">There are no numbers where there must be some.</exception>
    public static RunResults Read(JsonElement root)
    {
        BenchResults run = root.Deserialize<BenchResults>() ?? throw new JsonException("It holds nothing.");
        return new RunResults
        {
            Format = RunResults.CurrentFormat,
            What = "vm",
            Date = root.GetProperty("Date").GetDateTime(),
            Command = "make bench-vm",
            Machine = new MachineDescription(
                2, "virtual; the host: " + run.Machine, (long)run.MemoryMiB << 20, run.Kernel, Runtime(run.Machine), run.Accelerator),
            Rows = [.. Limits(run), .. run.Calls.SelectMany(Rows), .. Updates(run), .. Disks(run)],
        };
    }

    private static IEnumerable<ResultRow> Limits(BenchResults run) => run.CopyBytesPerSecond.Count == 0
        ? []
        : [Row(OperationNames.MemoryCopy, run.CopyBytesPerSecond.Select(static speed => CopySize / speed * 1e9), null)];

    private static IEnumerable<ResultRow> Rows(CallResult call)
    {
        string native = "C: " + call.Operation;
        Spread ratio = call.Ratio;
        yield return Row(native, call.Native, native == Yardstick ? null : Yardstick);
        yield return Row("managed: " + call.Operation, call.Managed, native) with
        {
            Allocated = Spread.Of(call.Bytes).Median,
            Ratio = ratio.Median,
            RatioQ1 = ratio.Lower,
            RatioQ3 = ratio.Upper,
        };
    }

    private static IEnumerable<ResultRow> Updates(BenchResults run) =>
        from update in run.Updates
        from phase in update.Seconds
        group phase.Value * 1e9 by (Phase: phase.Key, update.Size) into repeats
        select Row(
            "phase: " + Words(repeats.Key.Phase.ToString()),
            repeats,
            OperationNames.MemoryCopy,
            ("size", repeats.Key.Size.Bytes),
            ("folio", repeats.Key.Size.HugeFolios ? FolioSize.Huge : FolioSize.Small),
            ("sessions", repeats.Key.Size.Sessions),
            ("files", repeats.Key.Size.Files));

    private static IEnumerable<ResultRow> Disks(BenchResults run) =>
        from disk in run.Disks
        from step in new[] { ("save", disk.SaveSeconds), ("down", disk.DownSeconds), ("load", disk.LoadSeconds) }
        group step.Item2 * 1e9 by (Step: step.Item1, disk.Bytes) into repeats
        select Row("disk: " + repeats.Key.Step, repeats, OperationNames.MemoryCopy, ("size", repeats.Key.Bytes));

    private static ResultRow Row(
        string name, IEnumerable<double> values, string? relativeTo, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        Spread spread = Spread.Of(values);
        return ResultRow.Counted(name, 0, parameters) with
        {
            Unit = "ns",
            Median = spread.Median,
            Q1 = spread.Lower,
            Q3 = spread.Upper,
            Min = spread.Least,
            N = spread.Count,
            RelativeTo = relativeTo,
        };
    }

    // The payload runs on the runtime of the host.
    private static string Runtime(string machine) => machine[(machine.LastIndexOf(' ') + 1)..];

    // RetrieveSessions is "retrieve sessions".
    private static string Words(string name) => Capitals().Replace(name, " $0").Trim().ToLowerInvariant();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capitals();
}
