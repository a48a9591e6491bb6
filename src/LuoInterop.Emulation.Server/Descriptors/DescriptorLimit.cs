using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Descriptors;

/// <summary>Keeps this process from running out of descriptors: an open session takes one here, and a preserved file another.</summary>
internal static unsafe class DescriptorLimit
{
    // What the runtime and the machine need for themselves: without any, neither can go on.
    private const int Spare = 256;

    // fs.nr_open, which not even root exceeds.
    private const ulong Most = 1 << 20;

    private static readonly ulong s_limit = Raise();

    /// <summary>Takes a descriptor, or closes it where too few are left: it, ENOMEM, or the error that it is.</summary>
    public static int Take(int fd)
    {
        if (fd < 0 || (ulong)fd + Spare < s_limit)
        {
            return fd == Refused.EMFILE || fd == Refused.ENFILE ? Refused.ENOMEM : fd;
        }

        _ = LibC.close(fd);
        return Refused.ENOMEM;
    }

    // Root may raise the limit itself; for others .NET has raised it to what is allowed.
    private static ulong Raise()
    {
        rlimit limit;

        // SAFETY: the structures have the size that prlimit(2) reads and fills.
        if (ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, null, &limit) != 0)
        {
            return 1024;
        }

        var wanted = new rlimit { rlim_cur = Most, rlim_max = Most };
        return limit.rlim_cur < Most && ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, &wanted, null) == 0
            ? Most
            : limit.rlim_cur;
    }
}
