using System.Runtime.InteropServices;

namespace LuoInterop.Systemd.Interop;

/// <summary>Declares <c>sys/file.h</c>, which Tmds.LibC lacks.</summary>
internal static partial class FileHeader
{
    // Tmds.LibC lacks them.
    public const int LOCK_SH = 1;
    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;
    public const int LOCK_UN = 8;

    [LibraryImport(CLibrary.Name, SetLastError = true)]
    internal static partial int flock(int fd, int operation);
}
