using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Shared;

/// <summary>Counts the calls of another kernel that were EINTR, and the bytes that fallocate(2) reached.</summary>
internal sealed class InterruptionCounter(Kernel inner) : ForwardingKernel(inner)
{
    private const int EINTR = -(int)Errno.EINTR;

    public int Interruptions { get; private set; }

    /// <summary>Gets the end of what was allocated from the start without a gap.</summary>
    public long Allocated { get; private set; }

    public int Allocations { get; private set; }

    public override int Ioctl(SafeHandle file, uint request, nint argument) => (int)Count(base.Ioctl(file, request, argument));

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) => (int)Count(base.Ioctl(file, request, argument));

    public override int MAdvise(nint address, nuint length, int advice) => (int)Count(base.MAdvise(address, length, advice));

    public override int FAllocate(SafeHandle file, int mode, long offset, long length)
    {
        Allocations++;
        int result = (int)Count(base.FAllocate(file, mode, offset, length));
        if (result == 0 && offset == Allocated)
        {
            Allocated = offset + length;
        }

        return result;
    }

    private long Count(long result)
    {
        Interruptions += result == EINTR ? 1 : 0;
        return result;
    }
}
