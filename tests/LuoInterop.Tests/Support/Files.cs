using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Support;

/// <summary>Opens files of the host for tests.</summary>
internal static class Files
{
    public static SafeFileHandle Open(string path) => Open(path, LibC.O_RDONLY);

    public static SafeFileHandle Open(string path, int flags, uint mode = 0)
    {
        int fd = Kernel.Linux.Open(path, flags | LibC.O_CLOEXEC, mode);
        Assert.True(fd >= 0, $"{path} cannot be opened: {(Errno)(-fd)}");
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Gets a number that is no open descriptor of this process.</summary>
    public static SafeFileHandle NeverOpen() => new(int.MaxValue, ownsHandle: false);
}
