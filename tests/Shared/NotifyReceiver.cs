using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;

namespace LuoInterop.Tests.Shared;

/// <summary>Is the socket at which a service manager reads what its services say: sd_notify(3).</summary>
internal sealed unsafe class NotifyReceiver : IDisposable
{
    // A message of a service has one descriptor; the control room is for more than a kernel passes here.
    private const int ControlBytes = 256;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <param name="name">The socket's name, which is abstract.</param>
    public NotifyReceiver(string name)
    {
        Address = "@" + name;
        _socket.Bind(new UnixDomainSocketEndPoint("\0" + name));
    }

    /// <summary>Gets the address as NOTIFY_SOCKET has it.</summary>
    public string Address { get; }

    /// <summary>Waits for a message.</summary>
    /// <param name="descriptors">What came with it, closed on exec. They belong to the caller.</param>
    /// <returns>Its text.</returns>
    public string Receive(out int[] descriptors)
    {
        byte[] bytes = new byte[4096];
        byte* control = stackalloc byte[ControlBytes];
        fixed (byte* pointer = bytes)
        {
            var vector = new iovec { iov_base = pointer, iov_len = bytes.Length };
            msghdr header = default;
            header.msg_iov = &vector;
            header.msg_iovlen = 1;
            header.msg_control = control;
            header.msg_controllen = ControlBytes;
            int count;
            do
            {
                count = (int)LibC.recvmsg((int)_socket.Handle, &header, LibC.MSG_CMSG_CLOEXEC);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == LibC.EINTR);
            if (count < 0)
            {
                throw new InvalidOperationException($"recvmsg failed with errno {Marshal.GetLastPInvokeError()}.");
            }

            List<int> received = [];
            for (cmsghdr* part = LibC.CMSG_FIRSTHDR(&header); part is not null; part = LibC.CMSG_NXTHDR(&header, part))
            {
                int room = (int)(uint)part->cmsg_len - (int)(LibC.CMSG_DATA(part) - (byte*)part);
                received.AddRange(new ReadOnlySpan<int>(LibC.CMSG_DATA(part), room / sizeof(int)));
            }

            descriptors = [.. received];
            return Encoding.ASCII.GetString(bytes, 0, count);
        }
    }

    /// <summary>Closes the socket. Nobody may be waiting for a message.</summary>
    public void Dispose() => _socket.Dispose();
}
