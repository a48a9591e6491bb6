using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Tests;

/// <summary>Changes a host file as other code in the process could: by calls that the emulated kernel does not see.</summary>
internal static unsafe partial class BehindTheKernel
{
    public static void Truncate(Descriptor file, long length) => Assert.Equal(0, ftruncate(file.Fd, length));

    public static void Allocate(Descriptor file, int mode, long offset, long length) =>
        Assert.Equal(0, fallocate(file.Fd, mode, offset, length));

    public static void Seal(Descriptor file, int seals) => Assert.Equal(0, fcntl(file.Fd, Luo.F_ADD_SEALS, seals));

    public static void Write(Descriptor file, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* pointer = bytes)
        {
            Assert.Equal(bytes.Length, pwrite(file.Fd, pointer, (nuint)bytes.Length, offset));
        }
    }

    public static void OpenTruncating(Descriptor file) => new Descriptor(
        Kernel.Linux, Kernel.Linux.Open($"/proc/self/fd/{file.Fd}", Luo.O_RDWR | Luo.O_TRUNC | Luo.O_CLOEXEC)).Dispose();

    public static void Remove(nint address, nuint length) => Assert.Equal(0, madvise((void*)address, length, 9));

    [LibraryImport("libc")]
    private static partial int ftruncate(int fd, long length);

    [LibraryImport("libc")]
    private static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc")]
    private static partial nint pwrite(int fd, void* buffer, nuint count, long offset);

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint length, int advice);
}
