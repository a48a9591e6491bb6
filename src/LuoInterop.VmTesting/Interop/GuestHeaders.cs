using System.Runtime.InteropServices;

namespace LuoInterop.VmTesting.Interop;

/// <summary>Declares <c>asm-generic/errno-base.h</c>: the refusals that the payload's end of a port decides by.</summary>
internal static class ErrnoHeader
{
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int EBUSY = 16;
}

/// <summary>Declares <c>asm-generic/poll.h</c>.</summary>
internal static class PollHeader
{
    public const short POLLIN = 1;
}

/// <summary>Declares <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int fd;
    public short events;
    public short revents;
}
