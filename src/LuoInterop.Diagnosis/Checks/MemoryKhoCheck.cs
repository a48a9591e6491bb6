using System.Globalization;
using LuoInterop.Diagnosis.Machine;
using LuoInterop.KernelImages;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO keeps areas of memory for the next kernel; where it is on by default, nobody asked for that.</summary>
internal static class MemoryKhoCheck
{
    // 134 MiB of 800 was what operators called a fault.
    private const int MuchPercent = 10;

    /// <summary>Adds areas up, none of which need be true.</summary>
    public static ulong Sum(IReadOnlyList<KhoScratchArea> areas) =>
        areas.Aggregate(0UL, static (sum, area) => sum > ulong.MaxValue - area.Length ? ulong.MaxValue : sum + area.Length);

    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.KhoIsOn == false)
        {
            return Finding.Ok("KHO is off, and takes none.");
        }

        KhoReading<IReadOnlyList<KhoScratchArea>> scratch = machine.Scratch;
        if (!scratch.TryGetValue(out IReadOnlyList<KhoScratchArea>? areas))
        {
            return scratch.State == KhoState.Absent
                ? Finding.NotLookedAt($"The areas are not shown: {scratch.Detail}")
                : Finding.Unknown($"The areas cannot be read: {scratch.Detail}", "Look for a later version of this tool.");
        }

        ulong taken = Sum(areas);
        double percent = machine.Memory.Total is > 0 and { } total ? 100.0 * taken / total : 0;
        string share = string.Create(CultureInfo.InvariantCulture, $"{Bytes.Text(taken)} in {areas.Count} areas")
            + (percent > 0 ? string.Create(CultureInfo.InvariantCulture, $", {percent:0.#}% of the memory") : "");
        bool? liveUpdate = KernelParameter.Switch(machine.Parameters, "liveupdate");
        bool asked = KernelParameter.Switch(machine.Parameters, "kho") == true;
        return machine.CommandLine is not null && liveUpdate != true && !asked
            ? Finding.Warn(
                $"KHO is on by default and takes {share}, and nothing uses it: the kernel was booted without liveupdate=on.",
                "Boot with liveupdate=on, or with kho=off to have the memory back.")
            : percent > MuchPercent
                ? Finding.Warn($"KHO takes {share}.", "Boot with a smaller kho_scratch=, as kho_scratch=16M,64M,64M.")
            : Finding.Ok($"KHO takes {share}; only movable memory is put there.");
    }
}
