using System.Net.Sockets;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using Tmds.Linux;

namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Shows of every call of the host's kernel that the emulation makes past the other kernel that its
/// errno outlives a collection.</summary>
public sealed unsafe class HostErrorTests
{
    // No process has so many files open: a descriptor that is none.
    private const int NoFile = int.MaxValue;
    private const uint NoFlags = 1;

    public static TheoryData<string, Errno> Calls => new()
    {
        { "HostFile.Duplicate", Errno.EBADF },
        { "HostFile.AreSame", Errno.EBADF },
        { "HostFile.Stat", Errno.EBADF },
        { "HostFile.Reopen", Errno.ENXIO },
        { "HostFile.SetSize", Errno.EPERM },
        { "HostLease.HasWriters", Errno.EAGAIN },
        { "ProcessMemory.CopyFrom", Errno.EFAULT },
        { "ProcessMemory.CopyTo", Errno.EFAULT },
        { "process_vm_readv", Errno.EINVAL },
        { "process_vm_writev", Errno.EINVAL },
        { "prlimit", Errno.EINVAL },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void Call_GivesItsErrno_WhateverIsCollected(string call, Errno expected)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        int endpoint = (int)socket.SafeHandle.DangerousGetHandle();
        int memory = Kernel.Linux.MemfdCreate("errno", LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING);
        Assert.True(memory >= 0);

        // Only what was opened by a path counts as somebody who writes.
        int writer = HostFile.Reopen(memory, LibC.O_RDWR | LibC.O_CLOEXEC);
        Assert.True(writer >= 0);
        try
        {
            Assert.Equal(0, LibC.ftruncate(memory, 4096));
            Assert.Equal(0, LibC.fcntl(memory, Luo.F_ADD_SEALS, LibC.F_SEAL_SHRINK));
            ErrorDuringCollections.Check(
                call switch
                {
                    "HostFile.Duplicate" => static () => HostFile.Duplicate(NoFile),
                    "HostFile.AreSame" => () => HostFile.AreSame(memory, NoFile),
                    "HostFile.Stat" => static () => HostFile.Stat(NoFile, out _),
                    "HostFile.Reopen" => () => HostFile.Reopen(endpoint, LibC.O_RDWR),
                    "HostFile.SetSize" => () => HostFile.SetSize(memory, 0),

                    // It tells the errno by what it answers.
                    "HostLease.HasWriters" => () => HostLease.HasWriters(memory) ? -(int)Errno.EAGAIN : 0,
                    "ProcessMemory.CopyFrom" => static () => ProcessMemory.CopyFrom(8, new byte[8]),
                    "ProcessMemory.CopyTo" => static () => ProcessMemory.CopyTo(8, new byte[8]),
                    "process_vm_readv" => static () =>
                        Vector(static (own, far) => UioHeader.process_vm_readv(NoFile, (iovec*)own, 1, (iovec*)far, 1, NoFlags)),
                    "process_vm_writev" => static () =>
                        Vector(static (own, far) => UioHeader.process_vm_writev(NoFile, (iovec*)own, 1, (iovec*)far, 1, NoFlags)),
                    "prlimit" => static () => SystemCall.Result(ResourceHeader.prlimit(0, NoFile, null, null)),
                    _ => throw new InvalidOperationException(call),
                },
                (int)expected);
        }
        finally
        {
            Assert.Equal((0, 0), (LibC.close(memory), LibC.close(writer)));
        }
    }

    private static nint Vector(Func<nint, nint, nint> call)
    {
        byte own = 0, far = 0;
        var here = new iovec { iov_base = &own, iov_len = 1 };
        var there = new iovec { iov_base = &far, iov_len = 1 };
        return SystemCall.Result(call((nint)(&here), (nint)(&there)));
    }
}
