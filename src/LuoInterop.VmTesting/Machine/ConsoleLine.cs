namespace LuoInterop.VmTesting.Machine;

/// <summary>Recognises the console's lines by which a kernel tells that something is wrong with it.</summary>
internal static class ConsoleLine
{
    private const string PanicStart = "Kernel panic - not syncing";
    private const string EndMark = "---[ end ";

    // What WARN(), BUG(), an oops, lockdep, and the hung-task and stall detectors start their reports with.
    private static readonly string[] s_warnings =
        ["WARNING: ", "BUG: ", "Oops: ", "kernel BUG at ", "INFO: task ", "INFO: rcu", "rcu: INFO: ", "general protection fault", "Unable to handle "];

    /// <summary>Gives the panic's text, without what the console puts before it.</summary>
    internal static bool TryRecognisePanic(string line, out string panic)
    {
        int at = line.IndexOf(PanicStart, StringComparison.Ordinal);
        bool found = at >= 0 && !line.Contains(EndMark, StringComparison.Ordinal);
        panic = found ? line[at..].Trim() : "";
        return found;
    }

    /// <summary>Says whether a line starts a report of the kernel about itself.</summary>
    internal static bool IsWarning(string line)
    {
        ReadOnlySpan<char> text = line.AsSpan().TrimStart();
        if (text.StartsWith('[') && text.IndexOf("] ") is > 0 and var end)
        {
            text = text[(end + 2)..];
        }

        foreach (string start in s_warnings)
        {
            if (text.StartsWith(start, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
