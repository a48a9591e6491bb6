using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Shared;

/// <summary>Declares <c>sys/fsuid.h</c>, which Tmds.LibC lacks: whose rights a thread's file calls have.</summary>
internal static partial class FileSystemUser
{
    // Tmds.LibC lacks it. It tells the user before, and no error.
    [LibraryImport("libc")]
    internal static partial int setfsuid(uint user);
}
