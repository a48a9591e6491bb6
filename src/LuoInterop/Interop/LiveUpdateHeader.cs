using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/liveupdate.h</c> of Linux 7.3: request numbers, by the descriptor they belong to.</summary>
internal static class LiveUpdateHeader
{
    public const uint LIVEUPDATE_IOCTL_TYPE = 0xBA;

    /// <summary>Bytes of a session name, the terminating NUL included.</summary>
    public const int LIVEUPDATE_SESSION_NAME_LENGTH = 64;

    public const uint LIVEUPDATE_CMD_CREATE_SESSION = 0x00;
    public const uint LIVEUPDATE_CMD_RETRIEVE_SESSION = 0x01;
    public const uint LIVEUPDATE_CMD_SESSION_BASE = 0x40;
    public const uint LIVEUPDATE_CMD_SESSION_PRESERVE_FD = 0x40;
    public const uint LIVEUPDATE_CMD_SESSION_RETRIEVE_FD = 0x41;
    public const uint LIVEUPDATE_CMD_SESSION_FINISH = 0x42;
    public const uint LIVEUPDATE_CMD_SESSION_GET_NAME = 0x43;

    // On the device. All six are _IO(0xBA, nr): no direction and no size in the number.
    public const uint LIVEUPDATE_IOCTL_CREATE_SESSION = (LIVEUPDATE_IOCTL_TYPE << 8) | LIVEUPDATE_CMD_CREATE_SESSION;
    public const uint LIVEUPDATE_IOCTL_RETRIEVE_SESSION = (LIVEUPDATE_IOCTL_TYPE << 8) | LIVEUPDATE_CMD_RETRIEVE_SESSION;

    // On a session.
    public const uint LIVEUPDATE_SESSION_PRESERVE_FD = (LIVEUPDATE_IOCTL_TYPE << 8) | LIVEUPDATE_CMD_SESSION_PRESERVE_FD;
    public const uint LIVEUPDATE_SESSION_RETRIEVE_FD = (LIVEUPDATE_IOCTL_TYPE << 8) | LIVEUPDATE_CMD_SESSION_RETRIEVE_FD;
    public const uint LIVEUPDATE_SESSION_FINISH = (LIVEUPDATE_IOCTL_TYPE << 8) | LIVEUPDATE_CMD_SESSION_FINISH;
    public const uint LIVEUPDATE_SESSION_GET_NAME = (LIVEUPDATE_IOCTL_TYPE << 8) | LIVEUPDATE_CMD_SESSION_GET_NAME;

    /// <summary>Refuses a structure of LUO that claims more bytes than there are: the kernel reads as many as the size field at
    /// its start says.</summary>
    public static void CheckSize(uint request, ReadOnlySpan<byte> argument)
    {
        if ((request >> 8) == LIVEUPDATE_IOCTL_TYPE && argument.Length >= sizeof(uint)
            && MemoryMarshal.Read<uint>(argument) > argument.Length)
        {
            throw new ArgumentException("The structure's size field is larger than the span that holds it.", nameof(argument));
        }
    }
}

/// <summary>Holds a NUL-terminated session name, <c>__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH]</c>.</summary>
[InlineArray(LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH)]
internal struct SessionNameBytes
{
    private byte _first;
}

[StructLayout(LayoutKind.Sequential)]
internal struct liveupdate_ioctl_create_session
{
    public uint size;
    public int fd;
    public SessionNameBytes name;
}

[StructLayout(LayoutKind.Sequential)]
internal struct liveupdate_ioctl_retrieve_session
{
    public uint size;
    public int fd;
    public SessionNameBytes name;
}

[StructLayout(LayoutKind.Sequential)]
internal struct liveupdate_session_preserve_fd
{
    public uint size;
    public int fd;
    public ulong token;
}

[StructLayout(LayoutKind.Sequential)]
internal struct liveupdate_session_retrieve_fd
{
    public uint size;
    public int fd;
    public ulong token;
}

[StructLayout(LayoutKind.Sequential)]
internal struct liveupdate_session_finish
{
    public uint size;
    public uint reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct liveupdate_session_get_name
{
    public uint size;
    public uint reserved;
    public SessionNameBytes name;
}
