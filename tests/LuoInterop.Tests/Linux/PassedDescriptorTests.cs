using System.Runtime.InteropServices;
using Mono.Unix.Native;
using Tmds.Linux;

namespace LuoInterop.Tests.Linux;

/// <summary>Passes memfds over a Unix socket (SCM_RIGHTS) with another binding of the C library at one end.</summary>
public sealed unsafe class PassedDescriptorTests : IDisposable
{
    private readonly int _here;
    private readonly int _there;

    public PassedDescriptorTests()
    {
        int* ends = stackalloc int[2];
        Assert.Equal(0, LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0, ends));
        (_here, _there) = (ends[0], ends[1]);
    }

    public void Dispose()
    {
        Assert.Equal(0, LibC.close(_here));
        Assert.Equal(0, LibC.close(_there));
    }

    /// <summary>The other binding receives a memfd, and has the same inode and content.</summary>
    [Fact]
    public void MemfdThatIsSent_IsTheSameFileThere()
    {
        using Memfd sent = Made("here and there"u8);
        Send(_here, (int)sent.Handle.DangerousGetHandle());

        byte[] control = new byte[Syscall.CMSG_SPACE(sizeof(int))];
        byte* data = stackalloc byte[1];
        var message = new Msghdr { msg_control = control, msg_controllen = control.Length,
            msg_iov = [new Iovec { iov_base = (nint)data, iov_len = 1 }], msg_iovlen = 1 };
        Assert.Equal(1, Syscall.recvmsg(_there, message, MessageFlags.MSG_CMSG_CLOEXEC));
        long offset = Syscall.CMSG_FIRSTHDR(message);
        Cmsghdr header = Cmsghdr.ReadFromBuffer(message, offset);
        Assert.Equal((UnixSocketProtocol.SOL_SOCKET, UnixSocketControlMessage.SCM_RIGHTS), (header.cmsg_level, header.cmsg_type));
        int received = MemoryMarshal.Read<int>(control.AsSpan((int)Syscall.CMSG_DATA(message, offset)));

        AssertSame(received, sent, "here and there"u8);
    }

    /// <summary>A memfd that the other binding sends is received as it is.</summary>
    [Fact]
    public void MemfdThatIsReceived_IsTheSameFileHere()
    {
        using Memfd sent = Made("there and here"u8);
        byte[] control = new byte[Syscall.CMSG_SPACE(sizeof(int))];
        byte* data = stackalloc byte[1];
        var message = new Msghdr { msg_control = control, msg_controllen = control.Length,
            msg_iov = [new Iovec { iov_base = (nint)data, iov_len = 1 }], msg_iovlen = 1 };
        new Cmsghdr
        {
            cmsg_len = (long)Syscall.CMSG_LEN(sizeof(int)),
            cmsg_level = UnixSocketProtocol.SOL_SOCKET,
            cmsg_type = UnixSocketControlMessage.SCM_RIGHTS,
        }.WriteToBuffer(message, 0);
        MemoryMarshal.Write(control.AsSpan((int)Syscall.CMSG_DATA(message, 0)), (int)sent.Handle.DangerousGetHandle());
        Assert.Equal(1, Syscall.sendmsg(_there, message, 0));

        AssertSame(Receive(_here), sent, "there and here"u8);
    }

    private static Memfd Made(ReadOnlySpan<byte> content)
    {
        Memfd file = Memfd.Create(Kernel.Linux, "passed", 4096);
        Assert.Equal(content.Length, Kernel.Linux.PWrite(file.Handle, content, 0));
        return file;
    }

    private static void AssertSame(int received, Memfd sent, ReadOnlySpan<byte> content)
    {
        Assert.NotEqual((int)sent.Handle.DangerousGetHandle(), received);
        Assert.Equal(0, Kernel.Linux.FStat(sent.Handle, out FileStatus expected));
        Assert.Equal(0, Syscall.fstat(received, out Stat status));
        Assert.Equal(expected.Inode, status.st_ino);
        byte[] read = new byte[content.Length];
        fixed (byte* pointer = read)
        {
            Assert.Equal(read.Length, Syscall.pread(received, pointer, (ulong)read.Length, 0));
        }

        Assert.Equal(content, read);
        Assert.Equal(0, LibC.close(received));
    }

    // One byte, and one control message with the descriptor: a header of 16 bytes, and the number.
    private static void Send(int socket, int fd)
    {
        byte data = 0;
        var part = new iovec { iov_base = &data, iov_len = 1 };
        byte* control = stackalloc byte[sizeof(cmsghdr) + sizeof(long)];
        *(cmsghdr*)control =
            new cmsghdr { cmsg_len = sizeof(cmsghdr) + sizeof(int), cmsg_level = LibC.SOL_SOCKET, cmsg_type = LibC.SCM_RIGHTS };
        *(int*)(control + sizeof(cmsghdr)) = fd;
        var message =
            new msghdr { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = sizeof(cmsghdr) + sizeof(long) };
        Assert.Equal(1, (long)LibC.sendmsg(socket, &message, 0));
    }

    private static int Receive(int socket)
    {
        byte data = 0;
        var part = new iovec { iov_base = &data, iov_len = 1 };
        byte* control = stackalloc byte[sizeof(cmsghdr) + sizeof(long)];
        var message =
            new msghdr { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = sizeof(cmsghdr) + sizeof(long) };
        Assert.Equal(1, (long)LibC.recvmsg(socket, &message, LibC.MSG_CMSG_CLOEXEC));
        var header = (cmsghdr*)control;
        Assert.Equal((LibC.SOL_SOCKET, LibC.SCM_RIGHTS), (header->cmsg_level, header->cmsg_type));
        return *(int*)(control + sizeof(cmsghdr));
    }
}
