namespace LuoInterop.Benchmarks;

/// <summary>Finds runs that were kept.</summary>
internal static class RunFiles
{
    /// <summary>Finds the newest run of the same kind in a run's folder, other than itself.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static string NewestBeside(string path)
    {
        string full = Path.GetFullPath(path);
        RunResults run = RunResults.Load(full);
        return Directory.EnumerateFiles(Path.GetDirectoryName(full)!, "*.json")
            .Where(other => other != full)
            .Select(static other => (Path: other, Run: RunResults.Load(other)))
            .Where(other => other.Run.What == run.What)
            .OrderByDescending(static other => other.Run.Date)
            .Select(static other => other.Path)
            .FirstOrDefault()
            ?? throw new InvalidDataException($"There is no other run of \"{run.What}\" beside {path}: name the new one.");
    }
}
