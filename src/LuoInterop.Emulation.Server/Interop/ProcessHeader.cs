using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Interop;

/// <summary>Declares what Tmds.LibC lacks of <c>sys/pidfd.h</c> and <c>sys/resource.h</c>, and of <c>poll.h</c> what is not taken from
/// it.</summary>
internal static unsafe partial class ProcessHeader
{
    // Tmds.LibC lacks it. Since 6.9 any thread may be named; before, only the first of a process.
    public const uint PIDFD_THREAD = 0x80;

    // Tmds.LibC lacks it.
    public const int NR_pidfd_open = 434;

    // Tmds.LibC lacks it.
    public const int NR_pidfd_getfd = 438;

    // Tmds.LibC has it, but does not save errno (SetLastError), so that a poll that a signal interrupts could not be told.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(pollfd* fds, nuint count, int milliseconds);
}
