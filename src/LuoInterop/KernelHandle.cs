using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Owns a descriptor that a kernel gave out, of any kind of file, and closes it through that kernel: close(2).</summary>
/// <remarks>
/// <para>Not for sessions, whose close may drop or finish preserved files: <see cref="LiveUpdateSession"/> owns those.</para>
/// <para>It can be made before the kernel is asked, so that no descriptor is without an owner where an allocation fails:
/// pass what the call returned to <see cref="Take"/>.</para>
/// <para>Members may be called from several threads at once, but <see cref="Take"/> from one.</para>
/// </remarks>
public class KernelHandle : SafeHandle
{
    /// <summary>Makes a handle that holds nothing yet.</summary>
    /// <param name="kernel">The kernel that will give the descriptor out.</param>
    public KernelHandle(Kernel kernel)
        : base(-1, ownsHandle: true)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        Kernel = kernel;
    }

    /// <summary>Takes over a descriptor that came from elsewhere: another process, a service manager.</summary>
    /// <param name="kernel">The kernel that the descriptor belongs to.</param>
    /// <param name="fd">The descriptor's number, which belongs to this object from now on.</param>
    public KernelHandle(Kernel kernel, int fd)
        : this(kernel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        Take(fd);
    }

    /// <summary>Gets the kernel that closes the descriptor.</summary>
    public Kernel Kernel { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>Takes what a call of <see cref="Kernel"/> returned: a descriptor, or <c>-errno</c>, which leaves the handle empty.
    /// Allocates nothing.</summary>
    /// <param name="result">What the call returned. A descriptor belongs to this object from now on.</param>
    /// <returns>The same.</returns>
    /// <exception cref="InvalidOperationException">The handle holds a descriptor already, or was closed; the new one stays the
    /// caller's.</exception>
    public int Take(int result)
    {
        if (result >= 0)
        {
            MustBeEmpty();
            SetHandle(result);
            Kernel.Owned(this);
        }

        return result;
    }

    /// <summary>Refuses a handle that cannot take a descriptor.</summary>
    internal void MustBeEmpty()
    {
        if (!IsInvalid || IsClosed)
        {
            throw new InvalidOperationException("The handle holds a file already, or was closed. Make a new KernelHandle.");
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Kernel.Close((int)handle) == 0;
}
