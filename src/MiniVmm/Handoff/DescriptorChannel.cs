using System.Runtime.InteropServices;
using LuoInterop;
using LuoInterop.Shared.Interop;
using Tmds.Linux;

namespace MiniVmm.Handoff;

/// <summary>Is a socket between two processes over which messages go with descriptors: sendmsg(2), SCM_RIGHTS of unix(7).</summary>
/// <remarks>Messages keep their borders (SOCK_SEQPACKET). Descriptors arrive close-on-exec. Not for several threads at once.</remarks>
internal sealed unsafe class DescriptorChannel : IDisposable
{
    /// <summary>The most bytes of a message. Larger things go as a descriptor.</summary>
    public const int MaxMessage = 64 << 10;

    /// <summary>The most descriptors of a message.</summary>
    public const int MaxDescriptors = 8;

    // Room for the header and the numbers: CMSG_SPACE(8 * sizeof(int)), 48 bytes on 64-bit Linux.
    private const int ControlSize = 64;

    private readonly KernelHandle _socket;

    private DescriptorChannel(KernelHandle socket) => _socket = socket;

    /// <summary>Gets the descriptor, which stays this object's.</summary>
    public int Descriptor => (int)_socket.DangerousGetHandle();

    /// <summary>Makes both ends, close-on-exec.</summary>
    public static (DescriptorChannel Ours, DescriptorChannel Theirs) CreatePair()
    {
        // SAFETY: socketpair(2) writes two numbers, for which there is room on this stack.
        int* pair = stackalloc int[2];
        Check(LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0, pair), "socketpair");
        return (Adopt(pair[0]), Adopt(pair[1]));
    }

    /// <summary>Takes the end that this process was started with.</summary>
    /// <param name="descriptor">Its number, which belongs to the result; it is made close-on-exec.</param>
    /// <exception cref="IOException">It is no descriptor.</exception>
    public static DescriptorChannel Inherit(int descriptor)
    {
        Check(LibC.fcntl(descriptor, LibC.F_SETFD, LibC.FD_CLOEXEC), "fcntl");
        return Adopt(descriptor);
    }

    /// <summary>Lets a process that is started next have this end, or no longer.</summary>
    public void SetInherited(bool inherited) =>
        Check(LibC.fcntl(Descriptor, LibC.F_SETFD, inherited ? 0 : LibC.FD_CLOEXEC), "fcntl");

    /// <summary>Sends a message.</summary>
    /// <param name="message">The bytes, at least one.</param>
    /// <param name="descriptors">What the other process gets duplicates of.</param>
    /// <exception cref="IOException">The other process has gone.</exception>
    public void Send(ReadOnlySpan<byte> message, params ReadOnlySpan<int> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, MaxMessage);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        byte* control = stackalloc byte[ControlSize];
        new Span<byte>(control, ControlSize).Clear();

        // SAFETY: all that the header points to is pinned or on this stack until sendmsg(2) has returned, which keeps no pointer to it. The
        // control room is that of MaxDescriptors numbers.
        fixed (byte* bytes = message)
        {
            var vector = new iovec { iov_base = bytes, iov_len = message.Length };
            msghdr header = default;
            header.msg_iov = &vector;
            header.msg_iovlen = 1;
            if (descriptors.Length > 0)
            {
                header.msg_control = control;
                header.msg_controllen = LibC.CMSG_SPACE(descriptors.Length * sizeof(int));
                cmsghdr* rights = LibC.CMSG_FIRSTHDR(&header);
                rights->cmsg_level = LibC.SOL_SOCKET;
                rights->cmsg_type = LibC.SCM_RIGHTS;
                rights->cmsg_len = DataOffset(rights) + (descriptors.Length * sizeof(int));
                descriptors.CopyTo(new Span<int>(LibC.CMSG_DATA(rights), descriptors.Length));
            }

            while (LibC.sendmsg(Descriptor, &header, LibC.MSG_NOSIGNAL) < 0)
            {
                if (Marshal.GetLastPInvokeError() != LibC.EINTR)
                {
                    throw Failed("sendmsg");
                }
            }
        }
    }

    /// <summary>Receives a message.</summary>
    /// <param name="patience">How long to wait for it.</param>
    /// <param name="kernel">The kernel that closes the descriptors.</param>
    /// <param name="descriptors">Those that came with it, which belong to the caller.</param>
    /// <returns>The bytes; null where the other process has gone.</returns>
    /// <exception cref="TimeoutException">None came.</exception>
    public byte[]? Receive(TimeSpan patience, Kernel kernel, out KernelHandle[] descriptors)
    {
        descriptors = [];
        Wait(patience);
        byte[] message = new byte[MaxMessage];
        byte* control = stackalloc byte[ControlSize];
        int count;

        // SAFETY: as in Send; recvmsg(2) writes no more than the sizes in the header say.
        fixed (byte* bytes = message)
        {
            var vector = new iovec { iov_base = bytes, iov_len = message.Length };
            msghdr header = default;
            header.msg_iov = &vector;
            header.msg_iovlen = 1;
            header.msg_control = control;
            header.msg_controllen = ControlSize;
            while ((count = (int)LibC.recvmsg(Descriptor, &header, LibC.MSG_CMSG_CLOEXEC)) < 0)
            {
                if (Marshal.GetLastPInvokeError() != LibC.EINTR)
                {
                    throw Failed("recvmsg");
                }
            }

            descriptors = Take(kernel, &header);
            if ((header.msg_flags & (LibC.MSG_CTRUNC | LibC.MSG_TRUNC)) != 0)
            {
                Close(descriptors);
                throw new IOException("A message of the handoff is larger than messages are.");
            }
        }

        return count == 0 ? null : message[..count];
    }

    /// <summary>Closes descriptors.</summary>
    public static void Close(IEnumerable<KernelHandle> descriptors)
    {
        foreach (KernelHandle descriptor in descriptors)
        {
            descriptor.Dispose();
        }
    }

    /// <summary>Closes this end.</summary>
    public void Dispose() => _socket.Dispose();

    private static DescriptorChannel Adopt(int descriptor) => new(new KernelHandle(Kernel.Linux, descriptor));

    private static KernelHandle[] Take(Kernel kernel, msghdr* header)
    {
        List<KernelHandle> handles = [];
        for (cmsghdr* part = LibC.CMSG_FIRSTHDR(header); part is not null; part = LibC.CMSG_NXTHDR(header, part))
        {
            if (part->cmsg_level == LibC.SOL_SOCKET && part->cmsg_type == LibC.SCM_RIGHTS)
            {
                int bytes = (int)(uint)part->cmsg_len - DataOffset(part);
                foreach (int descriptor in new ReadOnlySpan<int>(LibC.CMSG_DATA(part), bytes / sizeof(int)))
                {
                    handles.Add(new KernelHandle(kernel, descriptor));
                }
            }
        }

        return [.. handles];
    }

    // Not by CMSG_LEN of Tmds.LibC 0.5.0: it rounds the length up, and an odd number of descriptors would have one more, descriptor 0.
    private static int DataOffset(cmsghdr* part) => (int)(LibC.CMSG_DATA(part) - (byte*)part);

    private void Wait(TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            pollfd one = default;
            one.fd = Descriptor;
            one.events = LibC.POLLIN;
            long left = Math.Max(end - Environment.TickCount64, 0);

            // SAFETY: the structure is on this stack, and poll(2) keeps no pointer to it.
            int ready = PollHeader.poll(&one, 1, (int)Math.Min(left, int.MaxValue));
            if (ready > 0)
            {
                return;
            }

            if (ready == 0 && Environment.TickCount64 >= end)
            {
                throw new TimeoutException($"the other process has said nothing for {patience.TotalSeconds:N0} s.");
            }

            if (ready < 0 && Marshal.GetLastPInvokeError() != LibC.EINTR)
            {
                throw Failed("poll");
            }
        }
    }

    private static void Check(int result, string call)
    {
        if (result < 0)
        {
            throw Failed(call);
        }
    }

    private static IOException Failed(string call)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException($"{call} was refused: {Marshal.GetPInvokeErrorMessage(errno)}.");
    }
}
