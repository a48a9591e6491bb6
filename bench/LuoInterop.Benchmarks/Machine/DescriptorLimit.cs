using LuoInterop.Emulation.Interop;

namespace LuoInterop.Benchmarks;

/// <summary>Raises the number of descriptors that this process may have (RLIMIT_NOFILE), as far as the host lets it.</summary>
internal static unsafe class DescriptorLimit
{
    /// <summary>Gets the limit in force.</summary>
    public static long Current
    {
        get
        {
            rlimit now;

            // SAFETY: struct rlimit is two 64-bit words (asm-generic/resource.h).
            return ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, null, &now) == 0
                ? (long)now.rlim_cur
                : throw new InvalidOperationException("prlimit failed.");
        }
    }

    /// <summary>Asks for as many as fs.nr_open allows. Only the privileged get more than the hard limit; others keep theirs.</summary>
    public static void Raise()
    {
        ulong most = ulong.Parse(File.ReadAllText("/proc/sys/fs/nr_open"), System.Globalization.CultureInfo.InvariantCulture);
        var wanted = new rlimit { rlim_cur = most, rlim_max = most };

        // SAFETY: as above. A refusal (EPERM) leaves the limit as it is, and Current says so.
        _ = ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, &wanted, null);
    }
}
