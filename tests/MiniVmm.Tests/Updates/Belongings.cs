using System.Globalization;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Counts what this process has: what updates and handoffs leave behind grows with their number.</summary>
/// <param name="Descriptors">Open descriptors.</param>
/// <param name="Memfds">Those that are memfds.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Managed">Bytes of the managed heap.</param>
/// <param name="Shared">Bytes of memfds that are mapped and there.</param>
internal sealed record Belongings(int Descriptors, int Memfds, int Threads, long Managed, long Shared)
{
    // What one update or handoff may leave: less than its state has. Threads of the pool keep buffers, and become more.
    private const long MostManaged = 32 << 10;

    public static Belongings Count()
    {
        // Twice: what a finalizer lets go is collected by the second.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        string[] descriptors = Directory.GetFiles("/proc/self/fd");
        return new Belongings(
            descriptors.Length, descriptors.Count(IsMemfd), Directory.GetDirectories("/proc/self/task").Length,
            GC.GetTotalMemory(forceFullCollection: true), Shmem());
    }

    /// <summary>Sees to it that less than one thing is left by each of many.</summary>
    /// <param name="before">What there was before.</param>
    /// <param name="times">How many there were.</param>
    /// <param name="ram">The bytes of a guest's RAM.</param>
    public void MustNotHaveGrown(Belongings before, int times, long ram)
    {
        // The runtime itself opens and closes a few.
        int most = times / 4;
        string both = $"{before} and after {times}: {this}";
        Assert.True(Descriptors <= before.Descriptors + most, both);
        Assert.True(Memfds <= before.Memfds + most, both);
        Assert.True(Threads <= before.Threads + most, both);
        Assert.True(Managed <= before.Managed + (times * MostManaged), both);
        Assert.True(Shared <= before.Shared + (most * ram), both);
    }

    private static bool IsMemfd(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name.Contains("memfd:", StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            // The one that listed the folder.
            return false;
        }
    }

    private static long Shmem() => long.Parse(
        File.ReadLines("/proc/self/status").Single(static line => line.StartsWith("RssShmem:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
}
