using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Preserving a memfd allocates every hole in it (memfd_pin_folios).</summary>
internal static class MemoryPreserveCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (!machine.Files.IsLive)
        {
            return Finding.NotLookedAt("A folder does not have the sizes of memory files.");
        }

        if (machine.Memory.Available is not { } available)
        {
            return Finding.NotLookedAt("/proc/meminfo does not tell what is available.");
        }

        MemoryFile[] sparse = [.. machine.MemoryFiles.Where(static file => file is { Holes: > 0, Preservability.IsAccepted: true })];
        ulong holes = sparse.Aggregate(0UL, static (sum, file) => sum + (ulong)file.Holes!.Value);
        if (holes > available)
        {
            MemoryFile largest = sparse.MaxBy(static file => file.Holes)!;
            return Finding.Warn(
                $"The {sparse.Length} sparse memfds here have holes of {Bytes.Text(holes)}, and {Bytes.Text(available)} are available; the "
                    + $"largest holes, {Bytes.Text((ulong)largest.Holes!.Value)}, are those of {largest.File.Process}. Preserving all of them "
                    + "would end in ENOMEM, or in the OOM killer.",
                "Make memfds no larger than what is in them, or preserve fewer.");
        }

        string unseen = machine.Processes.Unreadable > 0 ? $" {machine.Processes.Unreadable} processes are not shown to this user." : "";
        return Finding.Ok($"Holes of {Bytes.Text(holes)} in {sparse.Length} memfds; {Bytes.Text(available)} are available.{unseen}");
    }
}
