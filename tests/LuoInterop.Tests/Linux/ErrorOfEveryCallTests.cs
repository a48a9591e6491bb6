using System.Reflection;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Linux;

/// <summary>Shows of every call of the kernel, and of every function of the C library that a library here calls,
/// that its errno outlives a collection.</summary>
[Collection(Alone.Name)]
public sealed unsafe class ErrorOfEveryCallTests : IDisposable
{
    private static readonly Kernel s_kernel = Kernel.Linux;

    private readonly SafeFileHandle _folder = Files.Open("/proc/self");
    private readonly SafeFileHandle _null = Files.Open("/dev/null");
    private readonly SafeFileHandle _full = Files.Open("/dev/full", LibC.O_WRONLY);
    private readonly SafeFileHandle _sealed = Own(s_kernel.MemfdCreate("errno", LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING));
    private readonly SafeFileHandle _reading;
    private readonly SafeFileHandle _writing;

    // No process has so many files open: a descriptor that is none.
    private readonly SafeFileHandle _none = new(int.MaxValue, ownsHandle: false);

    public ErrorOfEveryCallTests()
    {
        (_reading, _writing) = Pipe();
        Assert.Equal(0, s_kernel.FTruncate(_sealed, 4096));
        Assert.Equal(0, s_kernel.Fcntl(_sealed, FcntlHeader.F_ADD_SEALS, FcntlHeader.F_SEAL_SHRINK | FcntlHeader.F_SEAL_SEAL));
    }

    /// <summary>The members of <see cref="Kernel"/>, those that have more than one path in as many rows.</summary>
    public static TheoryData<string, Errno[]> Members => new()
    {
        { "Open", [Errno.ELOOP] },
        { "Open of a long path", [Errno.ENAMETOOLONG] },
        { "Close", [Errno.EBADF] },
        { "ReadDirectory", [Errno.ENAMETOOLONG] },
        { "Ioctl with a structure", [Errno.ENOTTY] },
        { "Ioctl with an address", [Errno.EFAULT] },
        { "Fcntl", [Errno.EPERM] },
        { "MemfdCreate", [Errno.EINVAL] },
        { "FTruncate", [Errno.EPERM] },
        { "FAllocate", [Errno.EOPNOTSUPP] },
        { "FChmod", [Errno.EPERM] },
        { "LSeek", [Errno.ESPIPE] },
        { "Read", [Errno.EISDIR] },
        { "Write", [Errno.ENOSPC] },
        { "PRead", [Errno.ESPIPE] },
        { "PWrite", [Errno.ESPIPE] },
        { "FStat", [Errno.EBADF] },
        { "ReadLink", [Errno.EBADF] },
        { "MMap", [Errno.ENODEV] },
        { "MUnmap", [Errno.EINVAL] },
        { "MAdvise", [Errno.ENOMEM] },

        // What the process may do comes before what the call wants.
        { "KexecFileLoad", [Errno.EINVAL, Errno.EPERM, Errno.ENOSYS] },
        { "Reboot", [Errno.EINVAL, Errno.EPERM] },
    };

    /// <summary>The functions that the libraries call past <see cref="Kernel"/>.</summary>
    public static TheoryData<string, Errno> Functions => new()
    {
        { "fstatfs", Errno.EBADF },
        { "dup3", Errno.EINVAL },
        { "unlink", Errno.ENAMETOOLONG },
        { "mprotect", Errno.ENOMEM },
        { "pipe2", Errno.EFAULT },
        { "eventfd", Errno.EINVAL },
        { "socket", Errno.EINVAL },
        { "syscall", Errno.ENOSYS },
    };

    [Theory]
    [MemberData(nameof(Members))]
    public void Member_GivesItsErrno_WhateverIsCollected(string member, Errno[] expected) =>
        ErrorDuringCollections.Check(MakeCall(member), [.. expected.Select(error => (int)error)]);

    [Theory]
    [MemberData(nameof(Functions))]
    public void Function_GivesItsErrno_WhateverIsCollected(string function, Errno expected) =>
        ErrorDuringCollections.Check(MakeCall(function), (int)expected);

    [Fact]
    public void EveryMember_HasARow()
    {
        IEnumerable<string> calls = typeof(Kernel).GetMethods(BindingFlags.Instance | BindingFlags.Public)
            .Where(method => method.IsAbstract && !method.IsSpecialName)
            .Select(method => method.Name).Distinct().Order();
        Assert.Equal(calls, Members.Select(row => ((string)((object[])row)[0]).Split(' ')[0]).Distinct().Order());
    }

    public void Dispose()
    {
        foreach (SafeFileHandle file in (SafeFileHandle[])[_folder, _null, _sealed, _reading, _writing, _full, _none])
        {
            file.Dispose();
        }
    }

    // SAFETY: addresses that are passed are never mapped, or the kernel refuses the call before it looks at them.
    private Func<nint> MakeCall(string name) => name switch
    {
        "Open" => () => s_kernel.Open($"/proc/self/fd/{_sealed.DangerousGetHandle()}", LibC.O_RDONLY | LibC.O_NOFOLLOW),
        "Open of a long path" => static () => s_kernel.Open("/" + new string('x', 5000), LibC.O_RDONLY),
        "Close" => static () => s_kernel.Close(int.MaxValue),
        "ReadDirectory" => static () => s_kernel.ReadDirectory("/" + new string('x', 5000), out _),
        "Ioctl with a structure" => () => s_kernel.Ioctl(_null, 0, new byte[8]),
        "Ioctl with an address" => () => s_kernel.Ioctl(_reading, FIONREAD, 8),
        "Fcntl" => () => s_kernel.Fcntl(_sealed, FcntlHeader.F_ADD_SEALS, FcntlHeader.F_SEAL_GROW),
        "MemfdCreate" => static () => s_kernel.MemfdCreate("errno", uint.MaxValue),
        "FTruncate" => () => s_kernel.FTruncate(_sealed, 0),
        "FAllocate" => () => s_kernel.FAllocate(_sealed, FALLOC_FL_COLLAPSE_RANGE, 0, 4096),
        "FChmod" => () => s_kernel.FChmod(_folder, 0x1FF),
        "LSeek" => () => (nint)s_kernel.LSeek(_reading, 0, SeekOrigin.Begin),
        "Read" => () => s_kernel.Read(_folder, new byte[1]),
        "Write" => () => s_kernel.Write(_full, new byte[1]),
        "PRead" => () => s_kernel.PRead(_reading, new byte[1], 0),
        "PWrite" => () => s_kernel.PWrite(_writing, new byte[1], 0),
        "FStat" => () => s_kernel.FStat(_none, out _),
        "ReadLink" => () => s_kernel.ReadLink(_none, out _),
        "MMap" => () => s_kernel.MMap(4096, LibC.PROT_READ, LibC.MAP_SHARED, _folder, 0),
        "MUnmap" => static () => s_kernel.MUnmap(1, 4096),
        "MAdvise" => static () => s_kernel.MAdvise(0, 4096, LibC.MADV_DONTNEED),
        "KexecFileLoad" => () => s_kernel.KexecFileLoad(_null, null, "", NoFlags),
        "Reboot" => static () => s_kernel.Reboot(NoCommand),
        "fstatfs" => static () =>
        {
            statfs status;
            return SystemCall.Result(VfsHeader.fstatfs(int.MaxValue, &status));
        },
        "dup3" => static () => SystemCall.Result(LibC.dup3(0, 0, 0)),
        "unlink" => static () =>
        {
            using var path = new CString("/" + new string('x', 5000), stackalloc byte[CString.OnStack]);
            return SystemCall.Result(LibC.unlink(path.Pointer));
        },
        "mprotect" => static () => SystemCall.Result(LibC.mprotect(null, 4096, LibC.PROT_READ)),
        "pipe2" => static () => SystemCall.Result(LibC.pipe2((int*)8, LibC.O_CLOEXEC)),
        "eventfd" => static () => SystemCall.Result(LibC.eventfd(0, int.MaxValue)),
        "socket" => static () => SystemCall.Result(LibC.socket(LibC.AF_UNIX, NoSocketType, 0)),
        "syscall" => static () => SystemCall.Result((ssize_t)LibC.syscall(-1)),
        _ => throw new InvalidOperationException(name),
    };

    private const uint FIONREAD = 0x541B, NoFlags = 0x8000_0000, NoCommand = 0x1234_5678;
    private const int FALLOC_FL_COLLAPSE_RANGE = 8, NoSocketType = 15;

    private static SafeFileHandle Own(int fd) =>
        fd >= 0 ? new SafeFileHandle(fd, ownsHandle: true) : throw new InvalidOperationException($"{(Errno)(-fd)}");

    private static (SafeFileHandle Reading, SafeFileHandle Writing) Pipe()
    {
        int* ends = stackalloc int[2];
        Assert.Equal(0, LibC.pipe2(ends, LibC.O_CLOEXEC));
        return (Own(ends[0]), Own(ends[1]));
    }
}
