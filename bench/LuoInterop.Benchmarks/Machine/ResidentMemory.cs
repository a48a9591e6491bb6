using System.Globalization;
using LuoInterop.Kho;

namespace LuoInterop.Benchmarks;

/// <summary>Measures what a handover adds to this process' own memory: resident anonymous and file pages.</summary>
/// <remarks>
/// VmRSS less RssShmem of /proc/self/status. The memory that is handed over is shmem, and stays where it is; everything that
/// describes it is anonymous.
/// </remarks>
internal static class ResidentMemory
{
    /// <summary>Runs one handover: the largest growth in bytes that was seen after the preserve, the handover and the retrieve.</summary>
    public static long OfHandover(int folio)
    {
        var handover = new HandoverBenchmarks { Size = Scale.HandoverSize, Folio = folio };
        handover.Populate();
        GC.Collect();
        long before = Own;
        handover.Preserve();
        long most = Own;
        handover.Handover();
        most = Math.Max(most, Own);
        handover.Retrieve();
        most = Math.Max(most, Own);
        handover.Dispose();
        return most - before;
    }

    private static long Own => Field("VmRSS:") - Field("RssShmem:");

    private static long Field(string name) => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
