using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Server.Interop;

/// <summary>Declares what Tmds.LibC lacks of <c>sys/pidfd.h</c>, <c>signal.h</c> and <c>poll.h</c>.</summary>
internal static unsafe partial class ProcessHeader
{
    public const int SIGKILL = 9;
    public const short POLLIN = 1;
    public const short POLLHUP = 0x10;

    // include/uapi/linux/pidfd.h: since 6.9 any thread may be named. Without it only the first of a process.
    public const uint PIDFD_THREAD = 0x80;

    // asm/unistd.h, the same on every machine.
    public const int NR_pidfd_open = 434;
    public const int NR_pidfd_getfd = 438;

    // Tmds.LibC lacks it.
    [LibraryImport(CLibrary.Name, SetLastError = true)]
    internal static partial int kill(int process, int signal);

    // Tmds.LibC lacks it.
    [LibraryImport(CLibrary.Name, SetLastError = true)]
    internal static partial int poll(pollfd* files, nuint count, int milliseconds);

    /// <summary>A descriptor that is waited for (<c>struct pollfd</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }
}
