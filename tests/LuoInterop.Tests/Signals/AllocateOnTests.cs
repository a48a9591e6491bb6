using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Signals;

/// <summary>Proves that allocating a range ends although every call that takes longer than a few pages is interrupted.</summary>
public sealed class AllocateOnTests
{
    private const int Page = 4096;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1000, 1)]
    [InlineData(1000, 3)]
    [InlineData(4099, 64)]
    [InlineData(8192, 511)]
    public void Allocate_WhereACallGoesOnForAFewPages_Ends(int pages, int reach) => CheckEnds(pages, reach, keeps: true);

    /// <summary>Older kernels give back what an interrupted fallocate(2) of a memfd had taken:
    /// from the beginning it would never end.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1000, 1)]
    [InlineData(4099, 64)]
    public void Allocate_WhereAnInterruptedCallIsUndone_Ends(int pages, int reach) => CheckEnds(pages, reach, keeps: false);

    private static void CheckEnds(int pages, int reach, bool keeps)
    {
        var kernel = new ImpatientKernel(reach, keeps);
        using Memfd file = Memfd.Create(kernel, "long", (long)pages * Page);
        file.Allocate(0, (long)pages * Page);
        Assert.Equal(pages * (Page / 512L), file.Status.Blocks);
        Assert.True(kernel.Calls <= 8 * ((pages / reach) + 16), $"{kernel.Calls} calls");
    }

    [Fact]
    public void Allocate_OfAnUnevenRange_ReachesItsEnd_AndNoFurther()
    {
        var kernel = new ImpatientKernel(reach: 2, keeps: true);
        using Memfd file = Memfd.Create(kernel, "uneven");
        file.Allocate(100, (9 * Page) + 1);
        Assert.Equal(100 + (9 * Page) + 1, file.Size);
        Assert.Equal(10 * (Page / 512), file.Status.Blocks);
    }

    [Fact]
    public void Allocate_RefusedAfterASignal_SaysWhy()
    {
        var kernel = new ImpatientKernel(reach: 2, keeps: true) { Full = 5 * Page };
        using Memfd file = Memfd.Create(kernel, "full");
        var error = Assert.Throws<KernelException>(() => file.Allocate(0, 64 * Page));
        Assert.Equal((Errno.ENOSPC, "fallocate"), (error.Errno, error.Operation));
    }

    [Fact]
    public void Allocate_WithoutASignal_IsOneCall()
    {
        var kernel = new InterruptionCounter(Kernel.Linux);
        using Memfd file = Memfd.Create(kernel, "once");
        file.Allocate(0, 1 << 20);
        Assert.Equal((1, 0), (kernel.Allocations, kernel.Interruptions));
    }

    /// <summary>Interrupts an allocation after some pages that were not there;
    /// walking over those that were takes a little time too.</summary>
    private sealed class ImpatientKernel(int reach, bool keeps) : ScriptedHost
    {
        public int Calls { get; private set; }

        public long Full { get; init; } = long.MaxValue;

        public override int FAllocate(SafeHandle file, int mode, long offset, long length)
        {
            Calls++;
            Assert.Equal(0, mode);
            long pages = (length + Page - 1) / Page;
            if (pages <= reach)
            {
                return offset + length > Full ? -(int)Errno.ENOSPC : base.FAllocate(file, mode, offset, length);
            }

            if (keeps)
            {
                Assert.Equal(0, base.FAllocate(file, FallocHeader.FALLOC_FL_KEEP_SIZE, offset, (long)reach * Page));
            }

            return -(int)Errno.EINTR;
        }
    }
}
