using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Systemd.Interop;
using Tmds.Linux;

namespace LuoInterop.Systemd.Store;

/// <summary>Says whether two descriptors are of one open file, by the questions that systemd asks (same_fd in fd-util.c).</summary>
/// <remarks>systemd keeps one of them only, under the name that came first. So whoever removes that name has to know.</remarks>
internal static class SameFile
{
    public static bool Is(Kernel kernel, SafeHandle a, SafeHandle b)
    {
        using var second = new DescriptorReference(b);
        int same = kernel.Fcntl(a, FcntlHeader.F_DUPFD_QUERY, second.Fd);
        return same >= 0 ? same != 0 : IsByStatus(kernel, a, b);
    }

    // Before Linux 6.10. It takes two openings of one file for one: the caution errs to the side where nothing is removed.
    private static bool IsByStatus(Kernel kernel, SafeHandle a, SafeHandle b) =>
        Uninterrupted.FStat(kernel, a, out FileStatus first) >= 0
        && Uninterrupted.FStat(kernel, b, out FileStatus second) >= 0
        && first.Device == second.Device
        && first.Inode == second.Inode
        && kernel.Fcntl(a, LibC.F_GETFL) == kernel.Fcntl(b, LibC.F_GETFL);
}
