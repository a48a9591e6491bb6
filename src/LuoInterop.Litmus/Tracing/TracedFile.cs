using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Litmus.Tracing;

/// <summary>Names a descriptor in a trace; one whose coming into being the trace has not seen is not known.</summary>
internal readonly record struct TracedFile(string Name, bool IsKnown);

/// <summary>Is a descriptor that the trace has named, for as long as its number stands for it.</summary>
internal sealed class TracedDescriptor(string name)
{
    // Tracked until after its finalizer, which may be what closes the descriptor.
    private WeakReference<SafeHandle>? _owner;
    private bool _isClosedUnseen;

    public string Name => name;

    /// <summary>Gets whether the number can still stand for this descriptor.</summary>
    /// <remarks>The runtime's handles close theirs past the kernel object; what every other handle closes, the trace sees.</remarks>
    public bool IsOpen => !_isClosedUnseen || (_owner!.TryGetTarget(out SafeHandle? owner) && !owner.IsClosed);

    /// <summary>Takes note of the handle that closes the descriptor.</summary>
    public void OwnedBy(SafeHandle owner)
    {
        _owner = new WeakReference<SafeHandle>(owner, trackResurrection: true);
        _isClosedUnseen = owner is SafeFileHandle;
    }
}
