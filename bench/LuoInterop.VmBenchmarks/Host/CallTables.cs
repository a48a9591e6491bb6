using System.Text;
using static LuoInterop.VmBenchmarks.ResultPage;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the tables of single calls: C beside the managed API, and the limits beside them.</summary>
internal static class CallTables
{
    private const double MostRatio = 1.05;
    private const string Preserve = "preserve a file";
    private const string LookAndPreserve = "look at its seals and preserve a file";

    /// <summary>The operations with the bar, and the words for what each of them returns; null where it must allocate nothing.</summary>
    private static readonly Dictionary<string, string?> s_bars = new()
    {
        ["create a session"] = "the session",
        [Preserve] = null,
        [LookAndPreserve] = null,
        ["retrieve a session"] = "the session",
        ["retrieve a file"] = "the handle",
        ["retrieve a memfd"] = "the memfd and its handle",
        ["finish a session"] = null,
    };

    public static void Write(StringBuilder page, BenchResults results)
    {
        if (results.Calls.Count == 0)
        {
            return;
        }

        page.Append("""

            ## Single calls: C beside the managed API

            The same calls in C (native/luo_twins.c) and through the managed API, in one process and boot, loop by loop in turn; each
            ratio is of two loops that ran next to each other. Median, quartiles in brackets; "fastest" compares the fastest loop of each, which
            other work on the machine disturbs least. `cpu`

            | call | C | managed | managed against C | fastest | bar | holds | allocated a call |
            |---|---|---|---|---|---|---|---|

            """);
        foreach (CallResult call in results.Calls)
        {
            bool bar = s_bars.TryGetValue(call.Operation, out string? returned);
            Spread ratio = call.Ratio;
            page.AppendLine(Invariant(
                $"| {call.Operation} | {Nanoseconds(call.Native)} | {Nanoseconds(call.Managed)} | {Text(ratio)} | {call.Managed.Min() / call.Native.Min():F3}x | {(bar ? Invariant($"<= {MostRatio}x") : "")} | {(bar ? ratio.Median <= MostRatio ? "yes" : "NO" : "")} | {Allocated(call, bar, returned, results.ObjectOf(call.Operation))} |"));
        }

        if (results.Calls.FirstOrDefault(static call => call.Operation == Preserve) is { } bare
            && results.Calls.FirstOrDefault(static call => call.Operation == LookAndPreserve) is { } careful)
        {
            page.AppendLine(Invariant($"""

                The managed `Preserve` looks at the file's seals first unless told otherwise, which is a system call more: against C that does not
                look it takes {Text(careful.RatioTo(bare.Native))}. A memfd and a session are objects; creating and retrieving them allocates those
                (a handle takes {results.ObjectBytes.ElementAtOrDefault(0):N0} bytes, a memfd with its handle {results.ObjectBytes.ElementAtOrDefault(1):N0}).
                """));
        }

        WriteHost(page, results);
        WriteLimits(page, results);
    }

    private static void WriteHost(StringBuilder page, BenchResults results)
    {
        page.Append("""

            ### The calls that need no live update, on the host itself

            The same loops on the host's own processor and kernel, where nothing is translated: what the managed API adds to a call, which it
            adds to the calls of live update too.

            | call | C | managed | managed against C | fastest | adds, fastest |
            |---|---|---|---|---|---|

            """);
        foreach (CallResult call in results.HostCalls)
        {
            page.AppendLine(Invariant(
                $"| {call.Operation} | {Nanoseconds(call.Native)} | {Nanoseconds(call.Managed)} | {Text(call.Ratio)} | {call.Managed.Min() / call.Native.Min():F3}x | {call.Managed.Min() - call.Native.Min():N0} ns |"));
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
            foreach (CallResult call in results.Calls.Where(static call => s_bars.ContainsKey(call.Operation)))
            {
                page.AppendLine(Invariant(
                    $"| {call.Operation}, managed, in cheapest system calls | {Spread.Of(call.Managed).Median / Spread.Of(least.Native).Median:F0} |"));
            }
        }

        if (results.CopyBytesPerSecond.Count > 0)
        {
            Spread copy = Spread.Of(results.CopyBytesPerSecond);
            page.AppendLine(Invariant($"| memcpy, a second | {Size(copy.Median)} [{Size(copy.Lower)}, {Size(copy.Upper)}] |"));
            page.AppendLine(Invariant($"| copying 1 GiB once would take | {Time((1L << 30) / copy.Median)} |"));
        }
    }

    private static string Allocated(CallResult call, bool bar, string? returned, double? most)
    {
        Spread bytes = Spread.Of(call.Bytes);
        string text = Invariant($"{bytes.Median:0.#} bytes");
        return !bar ? text
            : bytes.Median == 0 ? "nothing"
            : returned is null ? text + ": MORE THAN NOTHING"
            : most is { } size && bytes.Median > size ? Invariant($"{text}: MORE THAN {returned}, which is {size:0}")
            : $"{text}: {returned}";
    }

    private static string Nanoseconds(IEnumerable<double> numbers)
    {
        Spread spread = Spread.Of(numbers);
        return Invariant($"{spread.Median:N0} ns [{spread.Lower:N0}, {spread.Upper:N0}]");
    }

    private static string Text(Spread ratio) => Invariant($"{ratio.Median:F3}x [{ratio.Lower:F3}, {ratio.Upper:F3}]");
}
