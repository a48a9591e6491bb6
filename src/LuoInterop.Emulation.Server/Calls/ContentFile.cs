using System.Globalization;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Makes files in memory that show bytes, and can only be read.</summary>
internal static class ContentFile
{
    /// <summary>Makes one, or null where the host has no memory or descriptor for it.</summary>
    public static SafeFileHandle? Create(string name, ReadOnlySpan<byte> content)
    {
        int fd = Kernel.Linux.MemfdCreate(name, 1);
        if (fd < 0)
        {
            return null;
        }

        using var written = new SafeFileHandle(fd, ownsHandle: true);
        while (content.Length > 0)
        {
            nint done = Kernel.Linux.Write(written, content);
            if (done <= 0)
            {
                return null;
            }

            content = content[(int)done..];
        }

        // Opened anew, for reading: the position is at the start, and nothing can be written.
        int read = Kernel.Linux.Open(
            string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}"), Tmds.Linux.LibC.O_RDONLY | Tmds.Linux.LibC.O_CLOEXEC);
        return read < 0 ? null : new SafeFileHandle(read, ownsHandle: true);
    }
}
