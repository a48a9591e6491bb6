using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes the tables of the page for users that are of the host's run.</summary>
internal static class HostCost
{
    /// <summary>Gives what stands between the marks of a name; null where the name is not known.</summary>
    public static string? Part(string name, RunResults run) => name switch
    {
        "run" => Run(run),
        "sizes" => Sizes(run),
        "counts" => Counts(run),
        "catalogue" => Catalogue(run),
        "memory" => Memory(run),
        _ => null,
    };

    private static string Run(RunResults run) => Invariant($"""
        {run.Date:yyyy-MM-dd}: {run.Machine}.
        A system call that does nothing takes {run.Cell(OperationNames.SystemCall)}; one core copies 64 MiB of memory in {run.Cell(
            OperationNames.MemoryCopy)}.

        """);

    private static string Sizes(RunResults run)
    {
        var table = new StringBuilder(
            "| size | 2 MiB folios | 4 KiB folios | 2 MiB folios, a hole | 4 KiB folios, a hole | copy through tmpfs | through a "
            + "disk |\n|---|---|---|---|---|---|---|\n");
        foreach (double size in run.Values(OperationNames.Update, "size"))
        {
            string Update(int folio, string content) =>
                run.Cell(OperationNames.Update, ("size", size), ("folio", folio), ("content", content));
            table.Append(
                $"| {Bytes(size)} | {Update(FolioSize.Huge, "dense")} | {Update(FolioSize.Small, "dense")} | "
                + $"{Update(FolioSize.Huge, "sparse")} | {Update(FolioSize.Small, "sparse")} | "
                + $"{run.Cell(OperationNames.CopyThroughTmpfs, ("size", size))} | "
                + $"{run.Cell(OperationNames.CopyThroughDisk, ("size", size))} |\n");
        }

        return table.ToString();
    }

    private static string Counts(RunResults run)
    {
        var table = new StringBuilder(
            "| there are | create and close a session | retrieve one | finish one | hand all over | preserve a file | retrieve one "
            + "| hand all over |\n|---|---|---|---|---|---|---|---|\n");
        foreach (double count in run.Values(OperationNames.Create, "sessions"))
        {
            string[] names =
            [
                OperationNames.Create, OperationNames.RetrieveSession, OperationNames.Finish, OperationNames.HandoverSessions,
                OperationNames.Preserve, OperationNames.RetrieveFile, OperationNames.HandoverFiles,
            ];
            table.Append(Invariant($"| {count:N0} |"));
            foreach ((int index, string name) in names.Index())
            {
                table.Append($" {run.Cell(name, (index < 4 ? "sessions" : "files", count))} |");
            }

            table.Append('\n');
        }

        return table.ToString();
    }

    private static string Catalogue(RunResults run)
    {
        var table = new StringBuilder("| names | write | read |\n|---|---|---|\n");
        foreach (double names in run.Values("catalogue: write", "names"))
        {
            table.Append(Invariant($"| {names:N0} | {run.Cell("catalogue: write", ("names", names))} | ")
                + Invariant($"{run.Cell("catalogue: read", ("names", names))} |\n"));
        }

        return table.ToString();
    }

    private static string Memory(RunResults run)
    {
        var table = new StringBuilder(
            "| one file | 4 KiB folios | 2 MiB folios |\n|---|---|---|\n| the entry of a folio in the format | 16 B | 16 B |\n");
        foreach (double size in run.Values(OperationNames.Metadata, "size"))
        {
            string All(int folio) => run.Find(OperationNames.Metadata, ("size", size), ("folio", folio)) is { } row
                ? Invariant($"{row.Median * Math.Max(size / folio, 1) / 1024:N0} KiB, {Digits(row.Median)} B a folio")
                : CostCells.NotMeasured;
            table.Append($"| all metadata of {Bytes(size)} | {All(FolioSize.Small)} | {All(FolioSize.Huge)} |\n");
        }

        foreach (double size in run.Values(OperationNames.HandoverMemory, "size"))
        {
            string Added(int folio) =>
                run.Find(OperationNames.HandoverMemory, ("size", size), ("folio", folio)) is { } row
                    ? Invariant($"{row.Median / 1048576:N1} MiB")
                    : CostCells.NotMeasured;
            table.Append($"| what a handover of {Bytes(size)} adds to the emulating process | {Added(FolioSize.Small)} | "
                + $"{Added(FolioSize.Huge)} |\n");
        }

        return table.ToString();
    }
}
