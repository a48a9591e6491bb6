using System.Text;
using static LuoInterop.VmBenchmarks.ResultPage;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the tables of single calls: C beside the managed API, and the limits beside them.</summary>
internal static class CallTables
{
    private const double MostRatio = 1.05;
    private const string Preserve = "preserve a file";
    private const string LookAndPreserve = "look at its seals and preserve a file";

    /// <summary>The operations with the bar: of what exists already they need nothing but the call.</summary>
    private static readonly string[] s_bars =
        ["create a session", Preserve, LookAndPreserve, "retrieve a session", "retrieve a file", "finish a session"];

    /// <summary>The operations that make an object too, and the words for it.</summary>
    private static readonly Dictionary<string, string> s_objects = new()
    {
        ["create a session and its object"] = "the session",
        ["retrieve a session and its object"] = "the session",
        ["retrieve a file and its handle"] = "the handle",
        ["retrieve a memfd and its handle"] = "the memfd and its handle",
    };

    public static void Write(StringBuilder page, BenchResults results)
    {
        if (results.Calls.Count == 0)
        {
            return;
        }

        page.Append("""

            ## Single calls: C beside the managed API

            The same calls in C (native/luo_twins.c) and through the managed API, in one process and boot, loop by loop in turn, and in
            several boots; each ratio is of two rounds, in one of which C came first and in the other the managed loops. Median, quartiles
            in brackets; "fastest" compares the fastest loop of each, which other work on the machine disturbs least. Sessions and files
            come into objects that were made before the loop, unless the row says that it makes them: those rows have no bar, since C
            makes none. `cpu`

            | call | C | managed | managed against C | fastest | bar | holds | allocated a call |
            |---|---|---|---|---|---|---|---|

            """);
        foreach (CallResult call in results.Calls)
        {
            bool bar = s_bars.Contains(call.Operation);
            Spread ratio = call.Ratio;
            page.AppendLine(Invariant($"| {call.Operation} | {Nanoseconds(call.Native)} | {Nanoseconds(call.Managed)} | {Text(ratio)} | ")
                + Invariant($"{call.Managed.Min() / call.Native.Min():F3}x | {(bar ? Invariant($"<= {MostRatio}x") : "")} | ")
                + Invariant($"{(bar ? ratio.Median <= MostRatio ? "yes" : "NO" : "")} | ")
                + Invariant($"{Allocated(call, bar, results.ObjectOf(call.Operation))} |"));
        }

        if (results.Calls.FirstOrDefault(static call => call.Operation == Preserve) is { } bare
            && results.Calls.FirstOrDefault(static call => call.Operation == LookAndPreserve) is { } careful)
        {
            page.AppendLine(Invariant($"""

                The managed `Preserve` looks at the file's seals first unless told otherwise, which is a system call more: against C that
                does not look it takes {Text(careful.RatioTo(bare.Native))}. A handle takes {results.ObjectBytes.ElementAtOrDefault(0):N0}
                bytes, a memfd with its handle {results.ObjectBytes.ElementAtOrDefault(1):N0}.
                """));
        }

        WriteHost(page, results);
        WriteLimits(page, results);
    }

    private static void WriteHost(StringBuilder page, BenchResults results)
    {
        page.Append("""

            ### The calls that need no live update, on the host itself

            The same loops on the host's own processor and kernel, where nothing is translated: what the managed API adds to a call, which
            it adds to the calls of live update too.

            | call | C | managed | managed against C | fastest | adds, fastest |
            |---|---|---|---|---|---|

            """);
        foreach (CallResult call in results.HostCalls)
        {
            page.AppendLine(
                Invariant($"| {call.Operation} | {Nanoseconds(call.Native)} | {Nanoseconds(call.Managed)} | {Text(call.Ratio)} | ")
                + Invariant($"{call.Managed.Min() / call.Native.Min():F3}x | {call.Managed.Min() - call.Native.Min():N0} ns |"));
        }
    }

    private static void WriteLimits(StringBuilder page, BenchResults results)
    {
        page.Append("""

            ### The limits beside them

            | limit | here |
            |---|---|

            """);
        if (results.Calls.FirstOrDefault(static call => call.Operation == "getppid") is { } least)
        {
            page.AppendLine(Invariant($"| the cheapest system call (getppid), C | {Nanoseconds(least.Native)} |"));
            page.AppendLine(Invariant($"| the same from C# | {Nanoseconds(least.Managed)} |"));
            foreach (CallResult call in results.Calls.Where(static call => s_bars.Contains(call.Operation)))
            {
                page.AppendLine(Invariant($"| {call.Operation}, managed, in cheapest system calls | ")
                    + Invariant($"{Spread.Of(call.Managed).Median / Spread.Of(least.Native).Median:F0} |"));
            }
        }

        if (results.CopyBytesPerSecond.Count > 0)
        {
            Spread copy = Spread.Of(results.CopyBytesPerSecond);
            page.AppendLine(Invariant($"| memcpy, a second | {Size(copy.Median)} [{Size(copy.Lower)}, {Size(copy.Upper)}] |"));
            page.AppendLine(Invariant($"| copying 1 GiB once would take | {Time((1L << 30) / copy.Median)} |"));
        }
    }

    private static string Allocated(CallResult call, bool bar, double? most)
    {
        double bytes = Spread.Of(call.Bytes).Median;
        string text = Invariant($"{bytes:0.#} bytes");
        return bytes == 0 ? "nothing"
            : bar ? text + ": MORE THAN NOTHING"
            : !s_objects.TryGetValue(call.Operation, out string? returned) ? text
            : most is { } size && bytes > size ? Invariant($"{text}: MORE THAN {returned}, which is {size:0}")
            : $"{text}: {returned}";
    }

    private static string Nanoseconds(IEnumerable<double> numbers)
    {
        Spread spread = Spread.Of(numbers);
        return Invariant($"{spread.Median:N0} ns [{spread.Lower:N0}, {spread.Upper:N0}]");
    }

    private static string Text(Spread ratio) => Invariant($"{ratio.Median:F3}x [{ratio.Lower:F3}, {ratio.Upper:F3}]");
}
