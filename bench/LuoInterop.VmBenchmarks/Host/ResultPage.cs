using System.Globalization;
using System.Text;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the page of results: what was measured on what, and how it is to be read.</summary>
internal static class ResultPage
{
    /// <summary>Makes the page.</summary>
    public static string Write(BenchResults results)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # What live update costs on Linux

            Measured by `make bench-vm` (bench/LuoInterop.VmBenchmarks), {results.Date}: Linux {results.Kernel} in QEMU with {
                results.Accelerator.ToUpperInvariant()},
            2 processors, {results.MemoryMiB:N0} MiB of memory; on {results.Machine}.
            {(results.Accelerator == "Tcg" ? Translated(results) : "")}

            """);
        CallTables.Write(page, results);
        PhaseTables.Write(page, results);
        if (results.Updates.Count > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"""

                ## The clocks

                No clock of the kernel survives a kexec to better than a second (the real-time clock counts seconds). The processor's
                cycle counter does: no processor is reset. Here it counts {results.CyclesPerSecond / 1e6:F1} MHz by the host's clock over
                the whole run; between any two moments that the payload reported, the two clocks differ by
                {results.ClockDifference * 1e3:F1} ms at most, which is the way of a report to the host. Within a kernel it is
                CLOCK_MONOTONIC (nanoseconds), and for "freeze and serialise" the stamps of the kernel's messages (microseconds): from a
                line that the program writes to the last that the kernel writes. Phases around the kexec are medians of few repetitions:
                what is smaller than the range in brackets is noise.

                """);
        }

        if (results.LostWorks > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n{results.LostWorks} measurements do not count: "
                + $"the console did not print whole when their kernel left.\n");
        }

        return page.ToString();
    }

    private static string Translated(BenchResults results)
    {
        (string Operation, double Factor)[] factors =
        [
            .. results.HostCalls.Join(results.Calls, static host => host.Operation, static guest => guest.Operation, static (host, guest) =>
                (host.Operation, Spread.Of(guest.Native).Median / Spread.Of(host.Native).Median)).OrderBy(static pair => pair.Item2),
        ];
        string measured = factors.Length < 2 ? "" : Invariant($"""
             (in C, calls that both can make take
            {factors[0].Factor:F1} times ("{factors[0].Operation}") to {factors[^1].Factor:F1} times ("{
                factors[^1].Operation}") what they take on the host itself)
            """);
        return $"""

            **TCG translates the guest's code: the processor's work takes several times as long as on hardware**{measured},
            and devices do not. Ratios of one kind of work to another hold about; absolute times, and ratios to a disk, do not. Marked
            `cpu` is what hardware does faster, `boot` what depends on the machine's firmware, devices and configuration: a server needs
            seconds to minutes for its devices, which this VM does not have; and init here mounts the host's files and starts .NET.
            The kernel is built with CONFIG_KEXEC_HANDOVER_DEBUG, which checks every preserved folio against the scratch areas.

            """;
    }

    /// <summary>Writes seconds with the unit that suits them.</summary>
    public static string Time(double seconds) => Math.Abs(seconds) switch
    {
        >= 10 => Invariant($"{seconds:F1} s"),
        >= 1 => Invariant($"{seconds:F2} s"),
        >= 0.1 => Invariant($"{seconds * 1e3:F0} ms"),
        >= 0.001 => Invariant($"{seconds * 1e3:F1} ms"),
        _ => Invariant($"{seconds * 1e6:F1} us"),
    };

    /// <summary>Writes a median and the range around it.</summary>
    public static string Range(Spread spread) => Invariant($"{Time(spread.Median)} [{Time(spread.Least)}, {Time(spread.Most)}]");

    /// <summary>Writes bytes.</summary>
    public static string Size(double bytes) => bytes switch
    {
        >= 1 << 30 => Invariant($"{bytes / (1 << 30):0.#} GiB"),
        >= 1 << 20 => Invariant($"{bytes / (1 << 20):0.#} MiB"),
        _ => Invariant($"{bytes / 1024:0.#} KiB"),
    };

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
