using System.Runtime.InteropServices;
using LuoInterop.Interop;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Keeps the process from opening any further descriptor for as long as it is not disposed.</summary>
internal sealed partial class DescriptorLimit : IDisposable
{
    private const int RLIMIT_NOFILE = 7;
    private readonly ResourceLimit _before;

    private DescriptorLimit(ulong lowestFree)
    {
        Assert.Equal(0, prlimit64(0, RLIMIT_NOFILE, 0, out _before));
        var limit = new ResourceLimit { Current = lowestFree, Maximum = _before.Maximum };
        Assert.Equal(0, prlimit64(0, RLIMIT_NOFILE, in limit, 0));
    }

    /// <param name="open">Any open descriptor, from whose duplicate the lowest free number is learned.</param>
    public static DescriptorLimit NoMore(SafeHandle open)
    {
        int lowestFree = (int)Refused.Not(Kernel.Linux.Fcntl(open, FcntlHeader.F_DUPFD_CLOEXEC));
        Refused.Not(Kernel.Linux.Close(lowestFree));
        return new DescriptorLimit((ulong)lowestFree);
    }

    public void Dispose() => Assert.Equal(0, prlimit64(0, RLIMIT_NOFILE, in _before, 0));

    private struct ResourceLimit
    {
        public ulong Current;
        public ulong Maximum;
    }

    [LibraryImport("libc")]
    private static partial int prlimit64(int process, int resource, nint newLimit, out ResourceLimit oldLimit);

    [LibraryImport("libc")]
    private static partial int prlimit64(int process, int resource, in ResourceLimit newLimit, nint oldLimit);
}
