using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes what nothing can be cheaper than, and what people do instead, beside the handover of the same memory.</summary>
internal static class LimitsTable
{
    private const double FormatBytes = 16;

    /// <summary>Makes the table.</summary>
    /// <returns>Null when the run measured none of it.</returns>
    public static string? Of(RunResults run)
    {
        var text = new StringBuilder();
        foreach (ResultRow row in run.Rows.Where(static row => row.Name is OperationNames.SystemCall))
        {
            text.AppendLine(Invariant($"- A system call that does nothing (getppid) takes {Time(row.Median)}."));
        }

        foreach (ResultRow row in run.Rows.Where(static row => row.Name is OperationNames.MemoryCopy))
        {
            double bytes = run.What == "vm" ? VmRun.CopySize : LimitBenchmarks.CopySize;
            text.AppendLine(Invariant($"- One core copies memory at {bytes / row.Median:F1} GB/s ({Bytes(bytes)} at a time)."));
        }

        foreach (ResultRow row in run.Rows.Where(static row => row.Name is OperationNames.Metadata && row.Number("folio") == FolioSize.Small))
        {
            text.AppendLine(Invariant(
                $"- {Parameters(row)}: {Digits(row.Median)} bytes of metadata a folio; {FormatBytes} of them are its entry, the rest whole pages around it."));
        }

        AddCopies(text, run);
        return text.Length == 0 ? null : text.ToString();
    }

    private static void AddCopies(StringBuilder text, RunResults run)
    {
        ResultRow[] updates = [.. run.Rows.Where(static row => row.Name is OperationNames.Update)];
        if (updates.Length == 0)
        {
            return;
        }

        text.AppendLine();
        text.AppendLine("| live update of | takes | copy through a file in tmpfs | on disk | update by the copy in tmpfs |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (ResultRow update in updates)
        {
            string Copy(string name) =>
                run.Rows.FirstOrDefault(row => row.Name == name && row.Number("size") == update.Number("size")) is { } copy ? Time(copy.Median) : "not measured";
            string ratio = run.RatioOf(update) is { } value ? $"{Digits(value)}x" : "";
            text.AppendLine(
                $"| {Parameters(update)} | {Time(update.Median)} | {Copy(OperationNames.CopyThroughTmpfs)} | {Copy(OperationNames.CopyThroughDisk)} | {ratio} |");
        }
    }
}
