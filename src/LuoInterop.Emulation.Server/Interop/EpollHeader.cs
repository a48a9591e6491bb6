using System.Runtime.InteropServices;
using LuoInterop.Interop;
using Tmds.Linux;
using epoll_event = LuoInterop.Emulation.Server.Interop.epoll_event;

namespace LuoInterop.Emulation.Server.Interop;

/// <summary>Declares of <c>sys/epoll.h</c> what goes with its structure, which x86-64 alone packs: it is stated here for that
/// machine.</summary>
internal static unsafe class EpollHeader
{
    public static readonly PerArchitecture NR_epoll_ctl = new(X64: 233, Arm64: 21);

    public static readonly PerArchitecture NR_epoll_pwait = new(X64: 281, Arm64: 22);

    /// <summary>Calls epoll_ctl(2).</summary>
    public static int Control(int epoll, int operation, int fd, epoll_event* interest) =>
        SystemCall.Result((int)(long)LibC.syscall((int)NR_epoll_ctl, epoll, operation, fd, interest));

    /// <summary>Calls epoll_wait(2), which looks and does not wait.</summary>
    public static int Look(int epoll, epoll_event* events, int most) =>
        SystemCall.Result((int)(long)LibC.syscall((int)NR_epoll_pwait, epoll, events, most, 0, null, 0));
}

/// <summary>What is waited for, and what came (<c>struct epoll_event</c>), as x86-64 has it.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct epoll_event
{
    public uint events;
    public ulong data;
}
