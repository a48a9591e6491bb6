using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Reads what a call of the C library came to, in the form in which the kernel itself returns it.</summary>
/// <remarks>
/// errno is read here and nowhere else. Every import saves it before anything else can run on the thread (SetLastError),
/// and nothing but the next such import changes what was saved.
/// </remarks>
internal static class SystemCall
{
    /// <summary>Gets <c>-errno</c> of the last call on this thread.</summary>
    public static int LastError => -Marshal.GetLastPInvokeError();

    /// <summary>Gives the result of the call before, or <c>-errno</c>.</summary>
    public static int Result(int result) => result >= 0 ? result : LastError;

    /// <inheritdoc cref="Result(int)"/>
    public static nint Result(long result) => result >= 0 ? (nint)result : LastError;
}
