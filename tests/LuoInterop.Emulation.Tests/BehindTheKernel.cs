using Tmds.Linux;

namespace LuoInterop.Emulation.Tests;

/// <summary>Changes a host file as other code in the process could: by calls that the emulated kernel does not see.</summary>
internal static unsafe class BehindTheKernel
{
    public static void Truncate(Descriptor file, long length) => Assert.Equal(0, LibC.ftruncate(file.Fd, length));

    public static void Allocate(Descriptor file, int mode, long offset, long length) =>
        Assert.Equal(0, LibC.fallocate(file.Fd, mode, offset, length));

    public static void Seal(Descriptor file, int seals) => Assert.Equal(0, LibC.fcntl(file.Fd, Luo.F_ADD_SEALS, seals));

    public static void Write(Descriptor file, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* pointer = bytes)
        {
            Assert.Equal(bytes.Length, (long)LibC.pwrite(file.Fd, pointer, bytes.Length, offset));
        }
    }

    public static void OpenTruncating(Descriptor file) => new Descriptor(
        Kernel.Linux, Kernel.Linux.Open($"/proc/self/fd/{file.Fd}", Luo.O_RDWR | Luo.O_TRUNC | Luo.O_CLOEXEC)).Dispose();

    public static void Remove(nint address, nuint length) =>
        Assert.Equal(0, LibC.madvise((void*)address, (size_t)length, LibC.MADV_REMOVE));
}
