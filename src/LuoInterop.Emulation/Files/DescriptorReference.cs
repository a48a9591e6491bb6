using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Files;

/// <summary>Keeps a handle alive during a call, and gives its number.</summary>
internal readonly ref struct DescriptorReference
{
    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public DescriptorReference(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
        Fd = (int)handle.DangerousGetHandle();
    }

    public int Fd { get; }

    public bool IsEmulated => FileDescriptorTable.IsEmulated(Fd);

    public void Dispose() => _handle.DangerousRelease();
}
