
namespace LuoInterop.Emulation.Tests;

/// <summary>Owns a descriptor of a kernel.</summary>
/// <remarks>One that nobody disposes stays open: a session must not end because the garbage collector ran in a test.</remarks>
internal sealed class Descriptor : KernelHandle
{
    public Descriptor(Kernel kernel, int fd)
        : base(kernel)
    {
        Assert.True(fd >= 0, $"a descriptor, not {fd}");
        Take(fd);
        GC.SuppressFinalize(this);
    }

    public int Fd => (int)handle;
}
