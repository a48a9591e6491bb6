using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Not every file in memory can be preserved.</summary>
internal static class MemfdsCheck
{
    private const int Shown = 3;

    public static Finding Look(DiagnosedMachine machine)
    {
        ProcessFiles processes = machine.Processes;
        if (!processes.IsKnown)
        {
            return Finding.NotLookedAt("No processes are shown (/proc).");
        }

        MemoryFile[] refused = [.. machine.MemoryFiles.Where(static file => file.Preservability is { IsAccepted: false })];
        string unseen = processes.Unreadable > 0 ? $" {processes.Unreadable} processes are not shown to this user." : "";
        if (refused.Length == 0)
        {
            int unjudged = machine.MemoryFiles.Count(static file => file.Preservability is null);
            return Finding.Ok(
                $"{machine.MemoryFiles.Count - unjudged} memory files, all of which could be preserved."
                    + (unjudged > 0 ? $" {unjudged} could not be looked at." : "") + unseen);
        }

        string[] reasons =
        [
            .. refused.GroupBy(static file => file.Preservability!.Explanation).Select(static group =>
                string.Join(", ", group.Take(Shown).Select(Describe))
                + (group.Count() > Shown ? $" and {group.Count() - Shown} more" : "")
                + $": {group.Key}"),
        ];
        return Finding.Warn(
            $"{refused.Length} of {machine.MemoryFiles.Count} memory files could not be preserved as they are. "
                + $"{string.Join(' ', reasons)}{unseen}",
            "Of importance only where one of them is to be preserved.");
    }

    private static string Describe(MemoryFile file) =>
        $"{file.File.Process} descriptor {file.File.Descriptor}, {file.File.Target.Replace(" (deleted)", "", StringComparison.Ordinal)}";
}
