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
            double bytes = row.Number("size") ?? LimitBenchmarks.CopySize;
            text.AppendLine(Invariant($"- One core copies memory at {bytes / row.Median:F1} GB/s ({Bytes(bytes)} at a time)."));
        }

        foreach (ResultRow row in run.Rows.Where(static row => row.Name is OperationNames.CopyThroughTmpfs or OperationNames.CopyThroughDisk))
        {
            text.AppendLine(Invariant($"- A {row.Name} of {Bytes(row.Number("size")!.Value)}, written and read back, takes {Time(row.Median)}."));
        }

        foreach (ResultRow row in run.Rows.Where(static row => row.Name is OperationNames.Update))
        {
            if (run.RatioOf(row) is { } ratio)
            {
                text.AppendLine(Invariant($"- The emulated live update of {Parameters(row)} takes {Time(row.Median)}: {Digits(ratio)} of that copy."));
            }
        }

        foreach (ResultRow row in run.Rows.Where(static row => row.Name is OperationNames.Metadata))
        {
            text.AppendLine(Invariant(
                $"- {Parameters(row)}: {Digits(row.Median)} bytes of metadata a folio; {FormatBytes} of them are its entry, the rest whole pages around it."));
        }

        return text.Length == 0 ? null : text.ToString();
    }
}
