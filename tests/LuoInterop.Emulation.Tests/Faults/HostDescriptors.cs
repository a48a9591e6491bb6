namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Counts descriptors of the host that the emulation or a program holds.</summary>
internal static class HostDescriptors
{
    /// <summary>Counts the memory files of a name, and /dev/null, which stands for a reserved number.</summary>
    public static int Count(string name) => Directory.GetFiles("/proc/self/fd")
        .Select(static path => new FileInfo(path).LinkTarget)
        .Count(link => link == "/dev/null" || link == $"/memfd:{name} (deleted)");
}
