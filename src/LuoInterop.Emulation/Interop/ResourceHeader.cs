using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Interop;

/// <summary>Declares <c>sys/resource.h</c>, which Tmds.LibC lacks: limits of a process.</summary>
internal static unsafe partial class ResourceHeader
{
    // Tmds.LibC lacks it.
    public const int RLIMIT_FSIZE = 1;

    // Tmds.LibC lacks it.
    public const int RLIMIT_NOFILE = 7;

    // Tmds.LibC lacks it. Either limit may be null; process 0 is the caller.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prlimit(int process, int resource, rlimit* set, rlimit* before);
}

/// <summary>Declares <c>struct rlimit</c> of 64-bit machines, which Tmds.LibC lacks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct rlimit
{
    public ulong rlim_cur;
    public ulong rlim_max;
}
