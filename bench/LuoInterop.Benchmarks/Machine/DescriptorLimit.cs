using System.Runtime.InteropServices;

namespace LuoInterop.Benchmarks;

/// <summary>Raises the number of descriptors that this process may have (RLIMIT_NOFILE), as far as the host lets it.</summary>
internal static unsafe partial class DescriptorLimit
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Gets the limit in force.</summary>
    public static long Current
    {
        get
        {
            Limits now;

            // SAFETY: struct rlimit64 is two 64-bit words (asm-generic/resource.h).
            return prlimit64(0, RLIMIT_NOFILE, null, &now) == 0 ? (long)now.Soft : throw new InvalidOperationException("prlimit64 failed.");
        }
    }

    /// <summary>Asks for as many as fs.nr_open allows. Only the privileged get more than the hard limit; others keep theirs.</summary>
    public static void Raise()
    {
        ulong most = ulong.Parse(File.ReadAllText("/proc/sys/fs/nr_open"), System.Globalization.CultureInfo.InvariantCulture);
        var wanted = new Limits { Soft = most, Hard = most };

        // SAFETY: as above. A refusal (EPERM) leaves the limit as it is, and Current says so.
        _ = prlimit64(0, RLIMIT_NOFILE, &wanted, null);
    }

    [LibraryImport("libc")]
    private static partial int prlimit64(int process, int resource, Limits* newLimits, Limits* oldLimits);

    private struct Limits
    {
        public ulong Soft;
        public ulong Hard;
    }
}
