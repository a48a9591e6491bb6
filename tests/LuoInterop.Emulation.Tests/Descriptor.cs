using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Tests;

/// <summary>Owns a descriptor of a kernel.</summary>
/// <remarks>One that nobody disposes stays open: a session must not end because the garbage collector ran in a test.</remarks>
internal sealed class Descriptor : SafeHandle
{
    private readonly Kernel _kernel;

    public Descriptor(Kernel kernel, int fd)
        : base(-1, ownsHandle: true)
    {
        Assert.True(fd >= 0, $"a descriptor, not {fd}");
        _kernel = kernel;
        SetHandle(fd);
        GC.SuppressFinalize(this);
    }

    public int Fd => (int)handle;

    public override bool IsInvalid => handle < 0;

    protected override bool ReleaseHandle() => _kernel.Close((int)handle) == 0;
}
