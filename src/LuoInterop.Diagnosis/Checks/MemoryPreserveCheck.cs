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

        HoldingProcess[] holders =
            [.. machine.Processes.Device.Concat(machine.Processes.Sessions).Select(static file => file.Process).Distinct()];
        MemoryFile[] sparse = [.. machine.MemoryFiles.Where(static file =>
            file is { Holes: > 0, Preservability.IsAccepted: true } && !IsOfRuntime(file))];
        MemoryFile[] theirs = [.. sparse.Where(file => holders.Contains(file.File.Process))];
        ulong holes = Sum(theirs);
        string unseen = machine.Processes.Unreadable > 0 ? $" {machine.Processes.Unreadable} processes are not shown to this user." : "";
        if (holders.Length == 0)
        {
            return Finding.Ok(
                $"Nobody has the device or a session open. {sparse.Length} memfds here have holes of {Bytes.Text(Sum(sparse))}; "
                    + $"{Bytes.Text(available)} are available.{unseen}");
        }

        if (holes <= available)
        {
            return Finding.Ok(
                $"The memfds of those who have the device or sessions open have holes of {Bytes.Text(holes)}; {Bytes.Text(available)} are "
                    + $"available.{unseen}");
        }

        MemoryFile largest = theirs.MaxBy(static file => file.Holes)!;
        return Finding.Warn(
            $"The memfds of those who have the device or sessions open have holes of {Bytes.Text(holes)}, and {Bytes.Text(available)} are "
                + $"available; the largest holes, {Bytes.Text((ulong)largest.Holes!.Value)}, are those of {largest.File.Process}. "
                + "Preserving all of them would end in ENOMEM, or in the OOM killer.",
            "Make memfds no larger than what is in them, or preserve fewer.");
    }

    private static ulong Sum(IEnumerable<MemoryFile> files) => files.Aggregate(0UL, static (sum, file) => sum + (ulong)file.Holes!.Value);

    // .NET's own, as large as the machine's memory and all but empty; nobody preserves it.
    private static bool IsOfRuntime(MemoryFile file) => file.File.Target.StartsWith("/memfd:doublemapper", StringComparison.Ordinal);
}
