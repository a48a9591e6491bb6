using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Owns a descriptor of a kernel whose loss does no harm: the device, or a file open for reading.</summary>
internal sealed class KernelHandle : SafeHandle
{
    private readonly Kernel _kernel;

    public KernelHandle(Kernel kernel, int fd)
        : base(-1, ownsHandle: true)
    {
        _kernel = kernel;
        SetHandle(fd);
    }

    public override bool IsInvalid => handle < 0;

    protected override bool ReleaseHandle() => _kernel.Close((int)handle) == 0;
}
