using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Owns a descriptor of a kernel whose loss does no harm: a device, a VM, or a file open for reading.</summary>
/// <remarks>Made before the kernel is asked, so that no descriptor is without an owner where an allocation fails.</remarks>
internal class KernelHandle(Kernel kernel) : SafeHandle(-1, ownsHandle: true)
{
    public override bool IsInvalid => handle < 0;

    /// <summary>Takes what a call returned: a descriptor, or <c>-errno</c>, which leaves the handle empty. Allocates nothing.</summary>
    /// <returns>The same.</returns>
    public int Take(int result)
    {
        if (result >= 0)
        {
            SetHandle(result);
            kernel.Owned(this);
        }

        return result;
    }

    protected override bool ReleaseHandle() => kernel.Close((int)handle) == 0;
}
