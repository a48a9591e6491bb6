using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

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
    /// <exception cref="KeyNotFoundException">A member is missing.</exception>
    /// <exception cref="InvalidOperationException">A member is something else.</exception>
    public static RunResults Read(JsonElement root) => new()
    {
        Format = RunResults.CurrentFormat,
        What = "vm",
        Date = root.GetProperty("Date").GetDateTime(),
        Command = "make bench-vm",
        Machine = new MachineDescription(
            2,
            "virtual; the host: " + root.GetProperty("Machine"),
            root.GetProperty("MemoryMiB").GetInt64() << 20,
            root.GetProperty("Kernel").ToString(),
            Runtime(root.GetProperty("Machine").ToString()),
            root.GetProperty("Accelerator").ToString()),
        Rows = [.. Limits(root), .. Calls(root), .. Updates(root), .. Disks(root)],
    };

    private static IEnumerable<ResultRow> Limits(JsonElement root)
    {
        double[] copies = [.. Numbers(root, "CopyBytesPerSecond").Select(static speed => CopySize / speed * 1e9)];
        return copies.Length == 0 ? [] : [Row(OperationNames.MemoryCopy, copies, null)];
    }

    private static IEnumerable<ResultRow> Calls(JsonElement root)
    {
        foreach (JsonElement call in root.GetProperty("Calls").EnumerateArray())
        {
            string operation = call.GetProperty("Operation").ToString();
            string native = "C: " + operation;
            double[] inC = Numbers(call, "Native");
            double[] managed = Numbers(call, "Managed");
            double[] ratios = [.. managed.Zip(inC, static (mine, c) => mine / c).Order()];
            yield return Row(native, inC, native == Yardstick ? null : Yardstick);
            yield return Row("managed: " + operation, managed, native) with
            {
                Allocated = At([.. Numbers(call, "Bytes").Order()], 0.5),
                Ratio = At(ratios, 0.5),
                RatioQ1 = At(ratios, 0.25),
                RatioQ3 = At(ratios, 0.75),
            };
        }
    }

    private static IEnumerable<ResultRow> Updates(JsonElement root) =>
        from update in root.GetProperty("Updates").EnumerateArray()
        from phase in update.GetProperty("Seconds").EnumerateObject()
        group phase.Value.GetDouble() * 1e9 by (Phase: phase.Name, Size: update.GetProperty("Size").GetProperty("Words").ToString()) into repeats
        let size = repeats.Key.Size.Split(':')
        select Row(
            "phase: " + Words(repeats.Key.Phase),
            [.. repeats],
            OperationNames.MemoryCopy,
            ("size", long.Parse(size[0], CultureInfo.InvariantCulture)),
            ("folio", size[1] == "huge" ? FolioSize.Huge : FolioSize.Small),
            ("sessions", int.Parse(size[2], CultureInfo.InvariantCulture)),
            ("files", int.Parse(size[3], CultureInfo.InvariantCulture)));

    private static IEnumerable<ResultRow> Disks(JsonElement root) =>
        from disk in root.GetProperty("Disks").EnumerateArray()
        from step in disk.EnumerateObject()
        where step.Name.EndsWith("Seconds", StringComparison.Ordinal)
        group step.Value.GetDouble() * 1e9 by (Step: step.Name, Size: disk.GetProperty("Bytes").GetInt64()) into repeats
        select Row("disk: " + Words(repeats.Key.Step[..^"Seconds".Length]), [.. repeats], OperationNames.MemoryCopy, ("size", repeats.Key.Size));

    private static ResultRow Row(string name, double[] values, string? relativeTo, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        double[] sorted = [.. values.Order()];
        return ResultRow.Counted(name, 0, parameters) with
        {
            Unit = "ns",
            Median = At(sorted, 0.5),
            Q1 = At(sorted, 0.25),
            Q3 = At(sorted, 0.75),
            Min = sorted[0],
            N = sorted.Length,
            RelativeTo = relativeTo,
        };
    }

    // The payload runs on the runtime of the host.
    private static string Runtime(string machine) => machine[(machine.LastIndexOf(' ') + 1)..];

    private static double[] Numbers(JsonElement parent, string name) => [.. parent.GetProperty(name).EnumerateArray().Select(static number => number.GetDouble())];

    // Between two of the numbers, in proportion.
    private static double At(double[] sorted, double part)
    {
        double place = part * (sorted.Length - 1);
        int below = Math.Min((int)place, Math.Max(sorted.Length - 2, 0));
        return sorted.Length == 0 ? throw new InvalidOperationException("There are no numbers.")
            : sorted.Length == 1 ? sorted[0]
            : sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below]));
    }

    // RetrieveSessions is "retrieve sessions".
    private static string Words(string name) => Capitals().Replace(name, " $0").Trim().ToLowerInvariant();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capitals();
}
