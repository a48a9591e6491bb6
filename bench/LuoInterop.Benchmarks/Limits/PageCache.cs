using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Lets the kernel forget what it keeps of a file in memory.</summary>
internal static partial class PageCache
{
    // include/uapi/linux/fadvise.h; the same on x86-64 and arm64.
    private const int POSIX_FADV_DONTNEED = 4;

    /// <summary>Drops the clean pages of a file, so that it is read from the disk again.</summary>
    public static void Drop(SafeFileHandle file)
    {
        int error = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        if (error != 0)
        {
            throw new InvalidOperationException($"posix_fadvise failed with {(Errno)error}.");
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeHandle file, long offset, long length, int advice);
}
