using System.Runtime.InteropServices;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Keeps the process from opening any further descriptor for as long as it is not disposed.</summary>
internal sealed unsafe class DescriptorLimit : IDisposable
{
    private readonly rlimit _before;

    private DescriptorLimit(ulong lowestFree)
    {
        rlimit before;
        Assert.Equal(0, ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, null, &before));
        _before = before;
        rlimit limit = before with { rlim_cur = lowestFree };
        Assert.Equal(0, ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, &limit, null));
    }

    /// <param name="open">Any open descriptor, from whose duplicate the lowest free number is learned.</param>
    public static DescriptorLimit NoMore(SafeHandle open)
    {
        int lowestFree = (int)Refused.Not(Kernel.Linux.Fcntl(open, FcntlHeader.F_DUPFD_CLOEXEC));
        Refused.Not(Kernel.Linux.Close(lowestFree));
        return new DescriptorLimit((ulong)lowestFree);
    }

    public void Dispose()
    {
        rlimit before = _before;
        Assert.Equal(0, ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_NOFILE, &before, null));
    }
}
