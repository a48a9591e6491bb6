using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Linux;

/// <summary>Shows that the error of a call is told however the call is made, and whatever the runtime does before it is read.</summary>
public sealed unsafe class ErrorNumberTests
{
    private static readonly Kernel s_kernel = Kernel.Linux;

    /// <summary>Calls of each kind, each with an errno that nothing else on the way gives.</summary>
    public static TheoryData<string, Errno> Calls => new()
    {
        { "string", Errno.ELOOP },
        { "string that is long", Errno.ENAMETOOLONG },
        { "number", Errno.ESPIPE },
        { "pointer", Errno.EISDIR },
        { "64 bits", Errno.ESPIPE },
        { "variadic", Errno.ENOTTY },
        { "variadic number", Errno.EPERM },
        { "address", Errno.ENODEV },
        { "system call by number", Errno.ENOSYS },
        { "own import", Errno.EBADF },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void Error_IsTheCallsOwn(string kind, Errno expected)
    {
        using SafeFileHandle folder = Files.Open("/proc/self");
        using SafeFileHandle memory = Own(s_kernel.MemfdCreate("errno", LibC.MFD_CLOEXEC));
        using SafeFileHandle zero = Files.Open("/dev/null");
        int[] ends = new int[2];
        fixed (int* pointer = ends)
        {
            Assert.Equal(0, LibC.pipe2(pointer, LibC.O_CLOEXEC));
        }

        using SafeFileHandle pipe = Own(ends[0]);
        using SafeFileHandle other = Own(ends[1]);
        for (int i = 0; i < 3; i++)
        {
            // Another error, of the same thread, lies there before.
            Assert.Equal(-(int)Errno.ENOENT, s_kernel.Open("/no-such-file", LibC.O_RDONLY));
            nint result = kind switch
            {
                "string" => s_kernel.Open($"/proc/self/fd/{memory.DangerousGetHandle()}", LibC.O_RDONLY | LibC.O_NOFOLLOW),
                "string that is long" => s_kernel.Open("/" + new string('x', 5000), LibC.O_RDONLY),
                "number" => (nint)s_kernel.LSeek(pipe, 0, SeekOrigin.Begin),
                "pointer" => s_kernel.Read(folder, new byte[1]),
                "64 bits" => s_kernel.PRead(pipe, new byte[1], 1L << 40),
                "variadic" => s_kernel.Ioctl(zero, 0, 0),
                "variadic number" => s_kernel.Fcntl(memory, FcntlHeader.F_ADD_SEALS, FcntlHeader.F_SEAL_GROW),
                "address" => s_kernel.MMap(4096, LibC.PROT_READ, LibC.MAP_SHARED, folder, 0),
                "system call by number" => SystemCall.Result((ssize_t)LibC.syscall(-1)),
                "own import" => OwnImport(),
                _ => throw new InvalidOperationException(kind),
            };
            Assert.Equal(expected, (Errno)(-result));
        }
    }

    /// <summary>A collection, a wait and a failing call of the runtime's own come in between,
    /// and the number that was saved is the call's.</summary>
    [Fact]
    public void Error_OutlivesACollection()
    {
        for (int i = 0; i < 20; i++)
        {
            byte[] path = "/proc/self/exe\0"u8.ToArray();
            int result;
            fixed (byte* pointer = path)
            {
                result = LibC.open(pointer, LibC.O_RDONLY | LibC.O_NOFOLLOW, 0);
            }

            Disturb();
            Assert.Equal(-(int)Errno.ELOOP, SystemCall.Result(result));
            result = OwnImportRaw();
            Disturb();
            Assert.Equal(-(int)Errno.EBADF, SystemCall.Result(result));
        }
    }

    /// <summary>Other threads' errors are theirs.</summary>
    [Fact]
    public void Error_IsOfTheThread()
    {
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, worker =>
        {
            using SafeFileHandle folder = Files.Open("/proc/self");
            for (int i = 0; i < 20_000; i++)
            {
                Assert.Equal(
                    worker % 2 == 0 ? -(int)Errno.EISDIR : -(int)Errno.ELOOP,
                    worker % 2 == 0
                        ? s_kernel.Read(folder, new byte[1])
                        : s_kernel.Open("/proc/self/exe", LibC.O_RDONLY | LibC.O_NOFOLLOW));
            }
        });
    }

    private static SafeFileHandle Own(int fd) =>
        fd >= 0 ? new SafeFileHandle(fd, ownsHandle: true) : throw new InvalidOperationException($"{(Errno)(-fd)}");

    private static nint OwnImport() => SystemCall.Result(OwnImportRaw());

    private static int OwnImportRaw()
    {
        statfs status;
        return VfsHeader.fstatfs(int.MaxValue, &status);
    }

    // Calls of the runtime that succeed and that fail, on this thread: errno itself is another one afterwards.
    private static void Disturb()
    {
        _ = new byte[100_000];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Thread.Sleep(0);
        Marshal.SetLastSystemError((int)Errno.EHWPOISON);
    }
}
