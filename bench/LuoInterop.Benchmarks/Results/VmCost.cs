using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes the tables of the page for users that are of the VM's run.</summary>
internal static class VmCost
{
    private const double OnePage = 4096;

    private static readonly (string Words, string[] Phases)[] s_phases =
    [
        ("preserve", ["preserve"]),
        ("freeze and serialise", ["freeze"]),
        ("kexec and boot until the program", ["jump", "boot", "start"]),
        ("first open", ["open"]),
        ("retrieve", ["retrieve"]),
        ("finish", ["finish"]),
        ("first look at every page", ["touch"]),
    ];

    private static readonly (string Words, string Phase)[] s_callsOfSessions =
    [
        ("create them", "create"),
        ("first open", "open"),
        ("retrieve them", "retrieve sessions"),
        ("finish them", "finish"),
    ];

    /// <summary>Gives what stands between the marks of a name; null where the name is not known.</summary>
    public static string? Part(string name, RunResults run) => name switch
    {
        "run" => Run(run),
        "phases" => Phases(run),
        "sessions" => Sessions(run),
        "calls" => Calls(run),
        _ => null,
    };

    private static string Run(RunResults run)
    {
        int repeats = run.Rows.Where(static row => row.Name == "phase: preserve").Select(static row => row.N).DefaultIfEmpty().Max();
        return Invariant($"""
            {run.Date:yyyy-MM-dd}: Linux {run.Machine.Kernel} in QEMU ({run.Machine.Accelerator}), {run.Machine.Cores} processors, {
                Bytes(run.Machine.Memory)} of memory; {run.Machine.Processor}.
            Each live update was done {repeats} times: medians, the middle half in brackets.

            """);
    }

    private static string Phases(RunResults run)
    {
        double[] sizes = [.. run.Values("phase: preserve", "size").Where(static size => size > OnePage)];
        var table = new StringBuilder("| phase | folios |");
        table.AppendJoin("", sizes.Select(static size => $" {Bytes(size)} |"))
            .Append("\n|---|---|")
            .Insert(table.Length, "---|", sizes.Length)
            .Append('\n');
        foreach ((string words, string[] phases) in s_phases)
        {
            foreach (int folio in new[] { FolioSize.Small, FolioSize.Huge })
            {
                string[] cells = [.. sizes.Select(size => Sum([.. phases.Select(phase =>
                    run.Find("phase: " + phase, ("size", size), ("folio", folio), ("sessions", 1), ("files", 1)))]))];
                table.Append($"| {words} | {Bytes(folio)} | {string.Join(" | ", cells)} |\n");
            }
        }

        string[] disk = [.. sizes.Select(size => Sum([run.Find("disk: save", ("size", size)), run.Find("disk: load", ("size", size))]))];
        return table.Append($"| a disk instead, to and fro | | {string.Join(" | ", disk)} |\n").ToString();
    }

    private static string Sessions(RunResults run)
    {
        double[] counts = [.. run.Values("phase: create", "sessions").Where(static count => count > 0)];
        var table = new StringBuilder("| sessions of one file of a page |");
        table.AppendJoin("", counts.Select(static count => Invariant($" {count:N0} |")))
            .Append("\n|---|")
            .Insert(table.Length, "---|", counts.Length)
            .Append('\n');
        foreach ((string words, string phase) in s_callsOfSessions)
        {
            string[] cells = [.. counts.Select(count =>
                Sum([run.Find("phase: " + phase, ("size", OnePage), ("folio", FolioSize.Small), ("sessions", count), ("files", 1))]))];
            table.Append($"| {words} | {string.Join(" | ", cells)} |\n");
        }

        return table.ToString();
    }

    private static string Calls(RunResults run)
    {
        const string Managed = "managed: ";
        var table = new StringBuilder("| call | C | managed | managed against C | allocated a call |\n|---|---|---|---|---|\n");
        foreach (ResultRow row in run.Rows.Where(static row => row.Name.StartsWith(Managed, StringComparison.Ordinal)))
        {
            string operation = row.Name[Managed.Length..];
            table.Append(
                Invariant($"| {operation} | {run.Cell("C: " + operation)} | {Time(row.Median)} | {row.Ratio:F2}x [{row.RatioQ1:F2}, ")
                + Invariant($"{row.RatioQ3:F2}] | {(row.Allocated == 0 ? "nothing" : Bytes(row.Allocated ?? 0))} |\n"));
        }

        return table.ToString();
    }

    // Medians of parts add up to about the median of the whole, which is all that varying boots allow.
    private static string Sum(ResultRow?[] rows) => rows.Contains(null)
        ? CostCells.NotMeasured
        : $"{Time(rows.Sum(static row => row!.Median))} [{Time(rows.Sum(static row => row!.Q1))}, {Time(rows.Sum(static row => row!.Q3))}]";
}
