namespace MiniVmm.Demo;

/// <summary>Finds the files that this program runs from.</summary>
internal static class ProgramFiles
{
    private const int PathColumn = 5;

    /// <summary>Gives the executable and the libraries that this process has mapped, by their real paths.</summary>
    public static IReadOnlyList<string> Mapped()
    {
        // proc_pid_maps(5): address, permissions, offset, device, inode, path.
        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] columns = line.Split(' ', PathColumn + 1, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (columns.Length > PathColumn && columns[PathColumn].StartsWith('/') && File.Exists(columns[PathColumn])
                && !columns[PathColumn].StartsWith("/dev/", StringComparison.Ordinal))
            {
                files.Add(columns[PathColumn]);
            }
        }

        return [.. files];
    }
}
