using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;
using LuoInterop.Systemd.Interop;
using Tmds.Linux;

namespace LuoInterop.Systemd.Store;

/// <summary>Sends messages to the service manager: sd_notify(3), unix(7).</summary>
/// <remarks>
/// Each message has a socket of its own, as in systemd's library: none of them outlives a service manager that starts anew. The kernel
/// takes a message whole or not at all, so one that was refused has done nothing. Members may be called from several threads at once.
/// </remarks>
internal sealed unsafe class NotifySocket
{
    /// <summary>The most bytes of a path (struct sockaddr_un).</summary>
    private const int MostPath = 108;

    private readonly Kernel _kernel;
    private readonly byte[] _address;

    /// <exception cref="FileDescriptorStoreException">The address is none of a Unix socket.</exception>
    public NotifySocket(Kernel kernel, string address)
    {
        _kernel = kernel;
        Address = address;
        byte[] path = Encoding.UTF8.GetBytes(address);
        if (path.Length < 2 || path[0] is not ((byte)'/' or (byte)'@') || path.Length >= MostPath || path.Contains((byte)0))
        {
            throw new FileDescriptorStoreException(
                StoreRefusal.MalformedEnvironment,
                $"NOTIFY_SOCKET is \"{address}\", which is no path and no abstract name of a Unix socket. Descriptors go over no other.");
        }

        // struct sockaddr_un: the family, then the path with its NUL, or a NUL and the abstract name.
        bool isAbstract = path[0] == (byte)'@';
        _address = new byte[2 + path.Length + (isAbstract ? 0 : 1)];
        BitConverter.TryWriteBytes(_address, (ushort)LibC.AF_UNIX);
        path.CopyTo(_address, 2);
        _address[2] = isAbstract ? (byte)0 : path[0];
    }

    /// <summary>Gets the address, as NOTIFY_SOCKET has it.</summary>
    public string Address { get; }

    /// <summary>Sends a message, with a descriptor or without.</summary>
    /// <exception cref="TimeoutException">The manager did not read for so long that the kernel takes no more messages.</exception>
    /// <exception cref="KernelException">The message was refused, and did nothing.</exception>
    public void Send(string message, SafeHandle? descriptor, Deadline deadline)
    {
        using var socket = new KernelHandle(_kernel);
        int type = LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK;
        Check(socket.Take(SystemCall.Result(LibC.socket(LibC.AF_UNIX, type, 0))), "socket");
        using var open = new DescriptorReference(socket);

        // SAFETY: the address is pinned for the call and passed with its own length.
        fixed (byte* address = _address)
        {
            Check(SystemCall.Result(LibC.connect(open.Fd, (sockaddr*)address, _address.Length)), "connect");
        }

        byte[] bytes = Encoding.ASCII.GetBytes(message);
        while (true)
        {
            int result = TrySend(open.Fd, bytes, descriptor);
            if (result >= 0)
            {
                return;
            }

            if (result == -(int)Errno.EAGAIN)
            {
                if (!Poll.Wait(open.Fd, LibC.POLLOUT, deadline))
                {
                    throw new TimeoutException(
                        $"The service manager reads no messages: the queue of {Address} was full for "
                            + $"{deadline.Length.TotalSeconds:0.###} s. Nothing was sent.");
                }
            }
            else if (result != -(int)Errno.EINTR)
            {
                Check(result, "sendmsg");
            }
        }
    }

    private static int TrySend(int socket, byte[] message, SafeHandle? descriptor)
    {
        byte* control = stackalloc byte[64];
        new Span<byte>(control, 64).Clear();

        // SAFETY: all that the header points to is pinned or on this stack until sendmsg(2) has returned; the control room holds the one
        // descriptor that a message here has at most.
        fixed (byte* bytes = message)
        {
            var vector = new iovec { iov_base = bytes, iov_len = message.Length };
            msghdr header = default;
            header.msg_iov = &vector;
            header.msg_iovlen = 1;
            if (descriptor is not null)
            {
                header.msg_control = control;
                header.msg_controllen = LibC.CMSG_SPACE(sizeof(int));
                cmsghdr* rights = LibC.CMSG_FIRSTHDR(&header);
                rights->cmsg_level = LibC.SOL_SOCKET;
                rights->cmsg_type = LibC.SCM_RIGHTS;

                // Not by CMSG_LEN of Tmds.LibC 0.5.0: it rounds the length up, and one descriptor would become two.
                rights->cmsg_len = (int)(LibC.CMSG_DATA(rights) - (byte*)rights) + sizeof(int);
                using var first = new DescriptorReference(descriptor);
                *(int*)LibC.CMSG_DATA(rights) = first.Fd;
                return (int)SystemCall.Result((long)LibC.sendmsg(socket, &header, LibC.MSG_NOSIGNAL));
            }

            return (int)SystemCall.Result((long)LibC.sendmsg(socket, &header, LibC.MSG_NOSIGNAL));
        }
    }

    private void Check(int result, string call)
    {
        if (result < 0)
        {
            var errno = (Errno)(-result);
            throw new KernelException(errno, call, Explain(errno));
        }
    }

    private string Explain(Errno errno) => errno switch
    {
        Errno.ECONNREFUSED => $"nobody reads {Address}: the service manager that made it has gone. Was NOTIFY_SOCKET "
            + "inherited from another service?",
        Errno.ENOENT => $"there is no {Address} in this process' file system. A root of its own (RootDirectory=, a container) hides it "
            + "unless it is bound into it.",
        Errno.EACCES or Errno.EPERM => $"this process may not write to {Address}: its permissions or a security module "
            + "(SELinux, AppArmor) forbid it.",
        Errno.EMSGSIZE => "the message is larger than the socket's send buffer.",
        Errno.ENOBUFS or Errno.ENOMEM => "the kernel has no memory for the message. Nothing was sent; try again.",
        Errno.ETOOMANYREFS => "too many descriptors of this user are on their way: more than LimitNOFILE=, because "
            + "somebody does not receive them.",
        Errno.EMFILE or Errno.ENFILE => "no descriptor is left for a socket. Raise LimitNOFILE=, or close some.",
        Errno.EBADF => "the descriptor is not open.",
        _ => "the message was not sent.",
    };
}
