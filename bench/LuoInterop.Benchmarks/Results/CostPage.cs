using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Puts a run's figures into a page for users, between its marks: <c>&lt;!-- host: NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>.</summary>
internal static class CostPage
{
    private const string Begin = "<!-- host: ";
    private const string Close = " -->\n";
    private const string End = "<!-- end -->";
    private const string NotMeasured = "not measured";

    /// <summary>Gives the page with the figures of a run in place of those that it has.</summary>
    /// <exception cref="InvalidDataException">The page has a mark of a name that is not known, or one without its end.</exception>
    public static string Fill(string page, RunResults run)
    {
        var filled = new StringBuilder();
        int done = 0;
        for (int mark; (mark = page.IndexOf(Begin, done, StringComparison.Ordinal)) >= 0;)
        {
            int close = page.IndexOf(Close, mark, StringComparison.Ordinal);
            int end = close < 0 ? -1 : page.IndexOf(End, close, StringComparison.Ordinal);
            if (end < 0)
            {
                throw new InvalidDataException($"The mark \"{page[mark..Math.Min(page.Length, mark + 30)]}\" has no end \"{End}\".");
            }

            int start = close + Close.Length;
            filled.Append(page, done, start - done).Append(Part(page[(mark + Begin.Length)..close], run));
            done = end;
        }

        return filled.Append(page, done, page.Length - done).ToString();
    }

    private static string Part(string name, RunResults run) => name switch
    {
        "run" => Run(run),
        "sizes" => Sizes(run),
        "counts" => Counts(run),
        "catalogue" => Catalogue(run),
        "memory" => Memory(run),
        _ => throw new InvalidDataException($"Nothing is known of the mark \"{name}\"."),
    };

    private static string Run(RunResults run) => Invariant($"""
        {run.Date:yyyy-MM-dd}: {run.Machine}.
        A system call that does nothing takes {Cell(run, OperationNames.SystemCall)}; one core copies 64 MiB of memory in {Cell(run, OperationNames.MemoryCopy)}.

        """);

    private static string Sizes(RunResults run)
    {
        var table = new StringBuilder("| size | 2 MiB folios | 4 KiB folios | 2 MiB folios, a hole | 4 KiB folios, a hole | copy through tmpfs | through a disk |\n|---|---|---|---|---|---|---|\n");
        foreach (double size in Values(run, OperationNames.Update, "size"))
        {
            string Update(int folio, string content) => Cell(run, OperationNames.Update, ("size", size), ("folio", folio), ("content", content));
            table.Append(
                $"| {Bytes(size)} | {Update(FolioSize.Huge, "dense")} | {Update(FolioSize.Small, "dense")} | {Update(FolioSize.Huge, "sparse")} | {Update(FolioSize.Small, "sparse")} | {Cell(run, OperationNames.CopyThroughTmpfs, ("size", size))} | {Cell(run, OperationNames.CopyThroughDisk, ("size", size))} |\n");
        }

        return table.ToString();
    }

    private static string Counts(RunResults run)
    {
        var table = new StringBuilder("| there are | create and close a session | retrieve one | finish one | hand all over | preserve a file | retrieve one | hand all over |\n|---|---|---|---|---|---|---|---|\n");
        foreach (double count in Values(run, OperationNames.Create, "sessions"))
        {
            string[] names =
            [
                OperationNames.Create, OperationNames.RetrieveSession, OperationNames.Finish, OperationNames.HandoverSessions,
                OperationNames.Preserve, OperationNames.RetrieveFile, OperationNames.HandoverFiles,
            ];
            table.Append(Invariant($"| {count:N0} |"));
            foreach ((int index, string name) in names.Index())
            {
                table.Append($" {Cell(run, name, (index < 4 ? "sessions" : "files", count))} |");
            }

            table.Append('\n');
        }

        return table.ToString();
    }

    private static string Catalogue(RunResults run)
    {
        var table = new StringBuilder("| names | write | read |\n|---|---|---|\n");
        foreach (double names in Values(run, "catalogue: write", "names"))
        {
            table.Append(Invariant($"| {names:N0} | {Cell(run, "catalogue: write", ("names", names))} | {Cell(run, "catalogue: read", ("names", names))} |\n"));
        }

        return table.ToString();
    }

    private static string Memory(RunResults run)
    {
        var table = new StringBuilder("| one file | 4 KiB folios | 2 MiB folios |\n|---|---|---|\n| the entry of a folio in the format | 16 B | 16 B |\n");
        foreach (double size in Values(run, OperationNames.Metadata, "size"))
        {
            string All(int folio) => Find(run, OperationNames.Metadata, ("size", size), ("folio", folio)) is { } row
                ? Invariant($"{row.Median * Math.Max(size / folio, 1) / 1024:N0} KiB, {Digits(row.Median)} B a folio")
                : NotMeasured;
            table.Append($"| all metadata of {Bytes(size)} | {All(FolioSize.Small)} | {All(FolioSize.Huge)} |\n");
        }

        foreach (double size in Values(run, OperationNames.HandoverMemory, "size"))
        {
            string Added(int folio) =>
                Find(run, OperationNames.HandoverMemory, ("size", size), ("folio", folio)) is { } row ? Invariant($"{row.Median / 1048576:N1} MiB") : NotMeasured;
            table.Append($"| what a handover of {Bytes(size)} adds to the emulating process | {Added(FolioSize.Small)} | {Added(FolioSize.Huge)} |\n");
        }

        return table.ToString();
    }

    private static IEnumerable<double> Values(RunResults run, string name, string parameter) =>
        run.Rows.Where(row => row.Name == name).Select(row => row.Number(parameter)).OfType<double>().Distinct().Order();

    private static string Cell(RunResults run, string name, params ReadOnlySpan<(string Name, object Value)> parameters) =>
        Find(run, name, parameters) is { } row ? Time(row.Median) : NotMeasured;

    private static ResultRow? Find(RunResults run, string name, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        ResultRow wanted = ResultRow.Counted(name, 0, parameters);
        return run.Rows.FirstOrDefault(row => row.Key == wanted.Key);
    }
}
