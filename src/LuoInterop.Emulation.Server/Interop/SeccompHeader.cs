using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Server.Interop;

/// <summary>Declares <c>include/uapi/linux/seccomp.h</c>: how system calls of other processes are received and answered.</summary>
internal static class SeccompHeader
{
    public const uint SECCOMP_IOCTL_NOTIF_RECV = 0xc050_2100;
    public const uint SECCOMP_IOCTL_NOTIF_SEND = 0xc018_2101;
    public const uint SECCOMP_IOCTL_NOTIF_ID_VALID = 0x4008_2102;
    public const uint SECCOMP_IOCTL_NOTIF_ADDFD = 0x4018_2103;

    // Since 6.6.
    public const uint SECCOMP_IOCTL_NOTIF_SET_FLAGS = 0x4008_2104;

    public const uint SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1;
    public const ulong SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP = 1;
    public const uint SECCOMP_ADDFD_FLAG_SETFD = 1;
}

/// <summary>The call as the filter saw it (<c>struct seccomp_data</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct seccomp_data
{
    public int nr;
    public uint arch;
    public ulong instruction_pointer;
    public CallArguments args;
}

/// <summary>The six arguments of a call.</summary>
[InlineArray(6)]
internal struct CallArguments
{
    private ulong _first;
}

/// <summary>A call that waits for its answer (<c>struct seccomp_notif</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct seccomp_notif
{
    public ulong id;
    public uint pid;
    public uint flags;
    public seccomp_data data;
}

/// <summary>The answer (<c>struct seccomp_notif_resp</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct seccomp_notif_resp
{
    public ulong id;
    public long val;
    public int error;
    public uint flags;
}

/// <summary>A descriptor for the caller (<c>struct seccomp_notif_addfd</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct seccomp_notif_addfd
{
    public ulong id;
    public uint flags;
    public uint srcfd;
    public uint newfd;
    public uint newfd_flags;
}
