namespace LuoInterop.VmBenchmarks;

/// <summary>Says on which processor this program runs.</summary>
public static class HostProcessor
{
    /// <summary>Gets its name, as the kernel gives it.</summary>
    public static string Name =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]
            : "unknown processor";
}
