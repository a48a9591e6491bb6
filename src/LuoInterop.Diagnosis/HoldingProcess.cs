using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis;

/// <summary>Is a process that holds something of live update.</summary>
/// <remarks>Immutable, and safe to share between threads. Its texts are what the process and its service manager chose.</remarks>
/// <param name="Id">Its process id.</param>
/// <param name="Name">What it calls itself (<c>/proc/PID/comm</c>).</param>
/// <param name="User">Its user, by name where it has one.</param>
/// <param name="Unit">The unit of the service manager that it belongs to; null where it is in none.</param>
public sealed record HoldingProcess(int Id, string Name, string User, string? Unit)
{
    /// <summary>Reads a process; one that has just ended has no name.</summary>
    internal static HoldingProcess Read(MachineFiles files, Accounts accounts, int id)
    {
        uint? user = null;
        foreach (string line in (files.Text($"/proc/{id}/status") ?? "").Split('\n'))
        {
            // "Uid:\treal\teffective\tsaved\tfs"
            if (line.StartsWith("Uid:", StringComparison.Ordinal) && line.Split('\t') is [_, _, var effective, ..]
                && uint.TryParse(effective, out uint number))
            {
                user = number;
            }
        }

        return new(
            id,
            files.Text($"/proc/{id}/comm") ?? "?",
            user is { } known ? accounts.User(known) : "?",
            UnitOf(files.Text($"/proc/{id}/cgroup") ?? ""));
    }

    /// <summary>Finds the unit in the text of <c>/proc/PID/cgroup</c>: the innermost folder that is called as units are.</summary>
    internal static string? UnitOf(string cgroups) => (
        from line in cgroups.Split('\n')
        let fields = line.Split(':', 3)
        where fields is ["0", "", _] or [_, "name=systemd", _]
        from part in fields[2].Split('/').Reverse()
        where part.EndsWith(".service", StringComparison.Ordinal) || part.EndsWith(".scope", StringComparison.Ordinal)
        select part).FirstOrDefault();

    /// <summary>Returns a text such as <c>minivmm (pid 812, minivmm.service, user root)</c>.</summary>
    public override string ToString() => $"{Name} (pid {Id}{(Unit is null ? "" : $", {Unit}")}, user {User})";
}
