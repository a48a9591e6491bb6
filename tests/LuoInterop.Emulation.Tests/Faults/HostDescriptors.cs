namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Counts descriptors of the host that the emulation or a program holds, while other tests run.</summary>
internal static class HostDescriptors
{
    /// <summary>Counts the memory files of a name that no other test uses.</summary>
    public static int Count(string name) => Directory.GetFiles("/proc/self/fd")
        .Count(path => new FileInfo(path).LinkTarget == $"/memfd:{name} (deleted)");
}
