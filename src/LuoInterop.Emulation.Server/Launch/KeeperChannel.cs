using System.Net.Sockets;
using System.Text;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Launch;

/// <summary>Exchanges packets with the keeper of a program (native/luo_launch.c).</summary>
/// <remarks>Packets of text; a descriptor may come with one. Whoever is at the other end runs as this user, and is not trusted with more:
/// a packet has at most <see cref="LargestPacket"/> bytes, and every one that is not known ends the program.</remarks>
internal sealed unsafe class KeeperChannel(Socket socket) : IDisposable
{
    /// <summary>The most bytes of a packet from a keeper.</summary>
    public const int LargestPacket = 4096;

    private const int ControlSize = 64;

    /// <summary>Sends a packet; the keeper may be gone.</summary>
    public void Send(ReadOnlySpan<byte> packet)
    {
        try
        {
            _ = socket.Send(packet);
        }
        catch (SocketException)
        {
            // The next receive tells it.
        }
        catch (ObjectDisposedException)
        {
        }
    }

    /// <summary>Sends a packet of text.</summary>
    public void Send(string packet) => Send(Encoding.UTF8.GetBytes(packet));

    /// <summary>Waits for a packet: its text, or null once the keeper is gone.</summary>
    /// <param name="descriptor">The descriptor that came with it, which is the caller's; -1 for none.</param>
    public string? Receive(out int descriptor)
    {
        descriptor = -1;
        byte* buffer = stackalloc byte[LargestPacket];
        byte* control = stackalloc byte[ControlSize];
        bool added = false;
        try
        {
            socket.SafeHandle.DangerousAddRef(ref added);
            while (true)
            {
                // SAFETY: buffers and lengths belong together, and outlive the call.
                var part = new iovec { iov_base = buffer, iov_len = LargestPacket };
                var message = new msghdr { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = ControlSize };
                long count = (long)LibC.recvmsg((int)socket.SafeHandle.DangerousGetHandle(), &message, LibC.MSG_CMSG_CLOEXEC);
                if (count < 0 && SystemCall.LastError == -(int)Errno.EINTR)
                {
                    continue;
                }

                descriptor = count > 0 ? Descriptor(message) : -1;
                return count > 0 ? Encoding.UTF8.GetString(buffer, (int)count) : null;
            }
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            if (added)
            {
                socket.SafeHandle.DangerousRelease();
            }
        }
    }

    /// <summary>Ends <see cref="Receive"/>; the keeper sees that nobody is there any more, and ends its program.</summary>
    public void Shutdown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
        }
    }

    public void Dispose() => socket.Dispose();

    // struct cmsghdr: length, level, type, and the descriptor behind it.
    private static int Descriptor(in msghdr message)
    {
        const int ScmRights = 1;
        byte* control = (byte*)message.msg_control;
        return (ulong)message.msg_controllen >= 20 && *(int*)(control + 12) == ScmRights ? *(int*)(control + 16) : -1;
    }
}
