using System.Text;
using static LuoInterop.VmBenchmarks.ResultPage;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the tables of whole live updates: phases, growth, metadata, and what people do instead.</summary>
internal static class PhaseTables
{
    private const double GiB = 1L << 30;

    // MEMFD_LUO's struct memfd_luo_folio_ser: two words a folio (include/linux/kho/abi/memfd.h).
    private const int FormatBytes = 16;

    public static void Write(StringBuilder page, BenchResults results)
    {
        PhaseCurve[] curves = [.. PhaseCurve.Of(results.Updates)];
        UpdateResult[] nothing = [.. results.Updates.Where(static update => update.Size == BenchPlan.Nothing)];
        if (nothing.Length > 0)
        {
            WriteNothing(page, nothing);
        }

        foreach (PhaseCurve curve in curves)
        {
            WriteCurve(page, curve);
        }

        if (curves.Length > 0)
        {
            WriteGrowth(page, curves);
            WriteMetadata(page, results);
        }

        WriteDisk(page, results);
    }

    private static void WriteNothing(StringBuilder page, UpdateResult[] nothing)
    {
        page.Append("""

            ## A kexec that carries nothing

            What every live update takes, however little it carries. The calls are made in C, so that no phase holds the runtime's
            compilation. Median, range in brackets.

            | phase | takes | |
            |---|---|---|

            """);
        foreach (Phase phase in PhaseNames.OfEveryKexec)
        {
            page.AppendLine(Invariant($"| {PhaseNames.Of(phase)} | {Range(PhaseCurve.Seconds(nothing, phase))} | {Kind(phase)} |"));
        }
    }

    private static void WriteCurve(StringBuilder page, PhaseCurve curve)
    {
        bool memory = curve.Unit == "bytes";
        string X(double x) => memory ? Size(x) : Invariant($"{x:N0}");
        page.AppendLine(Invariant($"""

            ## A live update of {curve.Title}

            | phase | {string.Join(" | ", curve.Points.Select(point => X(point.X)))} |{(memory ? " per GiB, of the largest |" : "")} |
            |---|{string.Concat(curve.Points.Select(static _ => "---|"))}{(memory ? "---|" : "")}---|
            """));
        foreach (Phase phase in curve.Phases)
        {
            (double x, UpdateResult[] largest) = curve.Points[^1];
            bool carried = memory && !PhaseNames.OfEveryKexec.Contains(phase) && phase != Phase.Finish;
            string perGiB = !memory ? "" : carried ? $" {Time(PhaseCurve.Seconds(largest, phase).Median * GiB / x)} |" : " |";
            page.AppendLine(
                $"| {PhaseNames.Of(phase)} | "
                + $"{string.Join(" | ", curve.Points.Select(point => Range(PhaseCurve.Seconds(point.Repeats, phase))))} |{perGiB} "
                + $"{Kind(phase)} |");
        }
    }

    private static void WriteGrowth(StringBuilder page, PhaseCurve[] curves)
    {
        page.Append("""

            ## How each phase grows

            Least squares of the logarithms of the fastest repetitions: a phase takes x to the power of the exponent. The last column is
            the exponent from the last point but one to the last, where a constant part weighs least. Of phases that every kexec has, what
            they take over a kexec that carries nothing, as far as that is more than it varies by itself. Linux compares a new session's
            name with all others (luo_session_insert, kernel/liveupdate/luo_session.c), looks through all sessions for the one to retrieve
            and through all files of a session for a token (luo_file.c): creating, deserialising and retrieving n of them tends to the
            exponent 2.

            | what grows | phase | exponent | R squared | exponent at the end |
            |---|---|---|---|---|

            """);
        foreach (PhaseCurve curve in curves)
        {
            foreach (Phase phase in curve.Phases)
            {
                page.AppendLine(curve.Fit(phase) is { } fit
                    ? Invariant($"| {curve.Title} | {PhaseNames.Of(phase)} | {fit.Exponent:F2} | {fit.RSquared:F3} | ")
                        + Invariant($"{fit.LastExponent:F2} |")
                    : $"| {curve.Title} | {PhaseNames.Of(phase)} | does not grow measurably | | |");
            }
        }
    }

    private static void WriteMetadata(StringBuilder page, BenchResults results)
    {
        const int SmallPage = 4096;
        const int HugePage = 2 << 20;
        page.Append(Invariant($"""

            ## Memory beside the memory

            What preserving one file takes, whose pages are allocated already: the list of its folios (/proc/vmallocinfo, whole pages),
            and everything that is no longer free (/proc/zoneinfo), in which what else the kernel did meanwhile counts too. The format
            needs {FormatBytes} bytes a folio (struct memfd_luo_folio_ser); the kernel's tables of preserved pages come on top, and while
            PRESERVE_FD runs 8 bytes for each page of 4 KiB (memfd_luo_preserve_folios).

            | file | folios | list | a folio | against the {FormatBytes} | everything | a folio |
            |---|---|---|---|---|---|---|

            """));
        foreach (var size in results.Updates.Where(static update => update.Size is { Sessions: 1, Files: 1, Bytes: > SmallPage })
            .GroupBy(static update => update.Size))
        {
            int folio = size.Key.HugeFolios ? HugePage : SmallPage;
            double folios = (double)size.Key.Bytes / folio;
            double list = Spread.Of(size.Select(static update => update.ListBytes)).Median;
            double all = Spread.Of(size.Select(static update => update.MetadataBytes)).Median;
            bool asPlanned = !size.Key.HugeFolios || size.All(update => update.HugeFolios == folios);
            bool resolved = folios * FormatBytes >= 1 << 20;
            page.AppendLine(Invariant($"| {Size(size.Key.Bytes)} in folios of {Size(folio)}{(asPlanned ? "" : ", NOT ALL OF THEM")} | ")
                + Invariant($"{folios:N0} | {list:N0} | {list / folios:F1} | {list / folios / FormatBytes:F2}x | {all:N0} | ")
                + Invariant($"{(resolved ? Invariant($"{all / folios:F1}") : "not resolved")} |"));
        }
    }

    private static void WriteDisk(StringBuilder page, BenchResults results)
    {
        if (results.Disks.Count == 0)
        {
            return;
        }

        page.Append("""

            ## Against a disk

            The same memory written to a virtio disk (O_DIRECT and fdatasync), a plain kexec without KHO, and read back (O_DIRECT); beside
            all calls of a live update of one file. The host's page cache helps the reading, and QEMU moves a disk's data at the host's
            own speed while it translates the kernel's instructions: hardware, whose processor is faster, should favour live update
            more. Medians, ranges in brackets.

            | memory | disk | live update, 4 KiB folios | ratio | 2 MiB folios | ratio | with kexec: disk | 4 KiB | ratio | 2 MiB | ratio |
            |---|---|---|---|---|---|---|---|---|---|---|

            """);
        foreach (DiskComparison one in DiskComparison.Of(results))
        {
            string[] cells =
            [
                Size(one.Bytes), Range(one.Disk),
                Cell(one.Small), Ratio(one.Disk, one.Small), Cell(one.Huge), Ratio(one.Disk, one.Huge),
                Range(one.DiskWhole),
                Cell(one.SmallWhole), Ratio(one.DiskWhole, one.SmallWhole), Cell(one.HugeWhole), Ratio(one.DiskWhole, one.HugeWhole),
            ];
            page.AppendLine($"| {string.Join(" | ", cells)} |");
        }

        static string Cell(Spread? spread) => spread is { } one ? Range(one) : "";
        static string Ratio(Spread disk, Spread? live) => live is { } one ? Invariant($"{disk.Median / one.Median:F1}x") : "";
    }

    private static string Kind(Phase phase) => phase is Phase.Jump or Phase.Boot or Phase.Start ? "`boot`" : "`cpu`";
}
