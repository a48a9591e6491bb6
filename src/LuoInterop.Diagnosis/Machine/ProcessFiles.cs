using System.Globalization;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Is a descriptor of a process that has to do with live update.</summary>
/// <param name="Process">Who holds it.</param>
/// <param name="Descriptor">Its number there.</param>
/// <param name="Target">The text of its link.</param>
internal sealed record ProcessFile(HoldingProcess Process, int Descriptor, string Target)
{
    /// <summary>Gets where the kernel shows the file itself.</summary>
    public string Path => $"/proc/{Process.Id}/fd/{Descriptor}";
}

/// <summary>Holds the descriptors of all processes that have to do with live update: the device, sessions, memory files.</summary>
/// <remarks>Source: the texts of <c>/proc/PID/fd</c>, as d_path() of <c>fs/d_path.c</c> makes them.</remarks>
/// <param name="Device">The open device.</param>
/// <param name="Sessions">Sessions.</param>
/// <param name="Memory">Files in memory without a name: memfds, what came back from a live update, secret and guest memory.</param>
/// <param name="Unreadable">The processes whose descriptors this user may not see.</param>
/// <param name="IsKnown">False where no processes are shown at all.</param>
internal sealed record ProcessFiles(
    IReadOnlyList<ProcessFile> Device,
    IReadOnlyList<ProcessFile> Sessions,
    IReadOnlyList<ProcessFile> Memory,
    int Unreadable,
    bool IsKnown)
{
    public const string DevicePath = "/dev/liveupdate";
    public const string SessionPrefix = "anon_inode:[luo_session]";

    // "/ (deleted)" is a memfd without a name: what a session gave back.
    private static readonly string[] s_memory = ["/memfd:", "/ (deleted)", "/secretmem", "anon_inode:[kvm-gmem]", "/anon_hugepage",
        "/SYSV"];

    /// <summary>Looks through all processes.</summary>
    public static ProcessFiles Read(MachineFiles files, Accounts accounts)
    {
        List<ProcessFile> device = [], sessions = [], memory = [];
        int unreadable = 0;
        if (files.List("/proc", out string[] names) != Errno.None)
        {
            return new(device, sessions, memory, 0, IsKnown: false);
        }

        bool any = false;
        foreach (int id in names.Select(Number).Where(static id => id > 0).Order())
        {
            any = true;
            Errno error = files.List($"/proc/{id}/fd", out string[] descriptors);
            unreadable += error is Errno.EACCES or Errno.EPERM ? 1 : 0;
            HoldingProcess? process = null;
            foreach (int descriptor in descriptors.Select(Number).Where(static number => number >= 0).Order())
            {
                string target = files.Link($"/proc/{id}/fd/{descriptor}") ?? "";
                List<ProcessFile>? kind = target == DevicePath ? device
                    : target.StartsWith(SessionPrefix, StringComparison.Ordinal) ? sessions
                    : s_memory.Any(prefix => target.StartsWith(prefix, StringComparison.Ordinal)) ? memory
                    : null;
                if (kind is not null)
                {
                    process ??= HoldingProcess.Read(files, accounts, id);
                    kind.Add(new(process, descriptor, target));
                }
            }
        }

        return new(device, sessions, memory, unreadable, any);
    }

    /// <summary>Gets a session's name from its link's text.</summary>
    public static string SessionName(ProcessFile session) => session.Target[SessionPrefix.Length..].TrimStart(' ');

    private static int Number(string name) => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        ? number : -1;
}
