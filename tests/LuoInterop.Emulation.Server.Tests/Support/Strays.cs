namespace LuoInterop.Emulation.Server.Tests.Support;

/// <summary>Finds processes that were started on a machine, by what their environment says.</summary>
internal static class Strays
{
    /// <summary>Lists the processes that run and whose kernel image is this one: number and name.</summary>
    public static IReadOnlyList<string> Of(string kernelImagePath) =>
        [.. Numbers(kernelImagePath).Select(static number => $"{number} {Name(number)}")];

    /// <summary>Lists their numbers, in ascending order. A process that just execs has no environment, and is not among them.</summary>
    public static IReadOnlyList<int> Numbers(string kernelImagePath)
    {
        string variable = $"LUO_KERNEL={kernelImagePath}\0";
        var found = new List<int>();
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out int number)
                && Read($"{folder}/environ").Contains(variable, StringComparison.Ordinal))
            {
                found.Add(number);
            }
        }

        found.Sort();
        return found;
    }

    /// <summary>Gets the only process of them that this one has started.</summary>
    public static int Front(string kernelImagePath) =>
        Assert.Single(Numbers(kernelImagePath), static number => Parent(number) == Environment.ProcessId);

    /// <summary>Gets the parent of a process, or 0 where it is gone.</summary>
    public static int Parent(int number)
    {
        string status = Read($"/proc/{number}/stat");
        int end = status.LastIndexOf(')');
        return end < 0 ? 0 : int.Parse(status[(end + 4)..].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Name(int number) => Read($"/proc/{number}/cmdline").Replace('\0', ' ');

    // A process may end while it is looked at.
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
