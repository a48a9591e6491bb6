using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Is a file in memory, and what preserving it would do.</summary>
/// <param name="File">Who holds it.</param>
/// <param name="Size">Its size in bytes; null where it cannot be seen.</param>
/// <param name="Holes">The bytes that preserving would allocate; null where it cannot be seen.</param>
/// <param name="Preservability">Whether the kernel would preserve it; null where that cannot be seen.</param>
internal sealed record MemoryFile(ProcessFile File, long? Size, long? Holes, Preservability? Preservability)
{
    private const int BlockSize = 512;

    /// <summary>Looks at each file once, however many hold it.</summary>
    public static IReadOnlyList<MemoryFile> Read(MachineFiles files, IReadOnlyList<ProcessFile> descriptors)
    {
        var known = new HashSet<(ulong Device, ulong Inode)>();
        var found = new List<MemoryFile>();
        foreach (ProcessFile descriptor in descriptors)
        {
            // In a copied tree the links lead to nothing.
            if (!files.IsLive)
            {
                found.Add(new(descriptor, null, null, OfName(descriptor.Target)));
                continue;
            }

            FileStatus? status = files.Status(descriptor.Path);
            if (status is { } seen && !known.Add((seen.Device, seen.Inode)))
            {
                continue;
            }

            long? holes = status is { } sized ? Math.Max(sized.Size - (sized.Blocks * BlockSize), 0) : null;
            found.Add(new(descriptor, status?.Size, holes, OfName(descriptor.Target) ?? OfFile(files.Kernel, descriptor.Path)));
        }

        return found;
    }

    // Opening these again is refused, or means nothing.
    private static Preservability? OfName(string target) =>
        target.StartsWith("/secretmem", StringComparison.Ordinal)
            ? new(PreservabilityRule.NotMemory, "It is secret memory (memfd_secret), which no kernel preserves.")
        : target.StartsWith("anon_inode:[kvm-gmem]", StringComparison.Ordinal)
            ? new(PreservabilityRule.NotMemory, "It is a guest_memfd, which Linux up to 7.3 does not preserve.")
        : target.StartsWith("/anon_hugepage", StringComparison.Ordinal)
            ? new(PreservabilityRule.HugePages, "It is backed by a pool of huge pages, which Linux up to 7.3 does not preserve.")
        : null;

    private static Preservability? OfFile(Kernel kernel, string path)
    {
        using var file = new KernelHandle(kernel);
        return file.Take(Uninterrupted.Open(kernel, path, LibC.O_RDONLY | LibC.O_CLOEXEC | LibC.O_NONBLOCK)) >= 0
            ? LuoInterop.Preservability.Of(kernel, file)
            : null;
    }
}
