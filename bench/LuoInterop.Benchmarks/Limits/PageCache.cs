using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Benchmarks;

/// <summary>Lets the kernel forget what it keeps of a file in memory.</summary>
internal static class PageCache
{
    /// <summary>Drops the clean pages of a file, so that it is read from the disk again.</summary>
    public static void Drop(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        int error = LibC.posix_fadvise((int)file.DangerousGetHandle(), 0, 0, LibC.POSIX_FADV_DONTNEED);
        GC.KeepAlive(file);
        if (error != 0)
        {
            throw new InvalidOperationException($"posix_fadvise failed with {(Errno)error}.");
        }
    }
}
