using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LuoInterop.Shared.Interop;

/// <summary>Declares of <c>poll.h</c> what is not taken from Tmds.LibC.</summary>
internal static unsafe partial class PollHeader
{
    // Tmds.LibC has it, but does not save errno (SetLastError), so that a poll that a signal interrupts could not be told.
    [LibraryImport(CLibrary.Name, SetLastError = true)]
    internal static partial int poll(pollfd* fds, nuint count, int milliseconds);
}
