using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Interop;

/// <summary>Keeps a handle's descriptor open while calls use its number.</summary>
/// <remarks>Inlined: it is on the way of every system call.</remarks>
internal readonly ref struct DescriptorReference
{
    /// <summary>Stands for a file that is not there: -1, which is never open.</summary>
    public static readonly SafeHandle NoFile = new SafeFileHandle(-1, ownsHandle: false);

    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DescriptorReference(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);

        // Adds a reference or throws: it never returns without one.
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
        Fd = (int)handle.DangerousGetHandle();
    }

    /// <summary>Gets the descriptor's number, which is nobody else's before <see cref="Dispose"/>.</summary>
    public int Fd { get; }

    /// <summary>Lets the descriptor be closed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _handle.DangerousRelease();
}
