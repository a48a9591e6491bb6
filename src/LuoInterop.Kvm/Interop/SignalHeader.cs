using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop.Kvm.Interop;

/// <summary>Declares of <c>signal.h</c> what Tmds.LibC lacks.</summary>
internal static partial class SignalHeader
{
    public const int SIGRTMIN = 32;
    public const int SIGRTMAX = 64;

    // Tmds.LibC lacks it.
    [LibraryImport(CLibrary.Name, SetLastError = true)]
    internal static partial int tgkill(int process, int thread, int signal);
}
