using LuoInterop.Interop;
using LuoInterop.Tests.Support;
using Tmds.Linux;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves that huge-page memfds are asked for by size, whatever pools the host has.</summary>
public class MemfdHugePageTests
{
    private const long TwoMiB = 2 << 20;
    private const long OneGiB = 1 << 30;

    [Theory]
    [InlineData(64 << 10, MemfdHeader.MFD_HUGE_64KB)]
    [InlineData(TwoMiB, MemfdHeader.MFD_HUGE_2MB)]
    [InlineData(OneGiB, MemfdHeader.MFD_HUGE_1GB)]
    [InlineData(16L << 30, MemfdHeader.MFD_HUGE_16GB)]
    public void Create_WithHugePageSize_AsksForThatPool(long size, uint expected)
    {
        var kernel = new FlagKernel();
        using Memfd file = Memfd.Create(kernel, "huge", 0, new MemfdOptions { HugePageSize = size });
        Assert.Equal(LibC.MFD_HUGETLB | expected, kernel.Last & ~0x1Fu | kernel.Last & LibC.MFD_HUGETLB);
    }

    [Fact]
    public void Create_WithDefaultHugePages_AsksForNoSize()
    {
        var kernel = new FlagKernel();
        using Memfd file = Memfd.Create(kernel, "huge", 0, new MemfdOptions { DefaultHugePages = true });
        Assert.Equal(LibC.MFD_HUGETLB, kernel.Last & LibC.MFD_HUGETLB);
        Assert.Equal(0u, kernel.Last >> MemfdHeader.MFD_HUGE_SHIFT);
    }

    [Theory]
    [InlineData(64 << 10)]
    [InlineData(TwoMiB)]
    [InlineData(OneGiB)]
    [InlineData(16L << 30)]
    public void Create_HugePageSizeOnThisHost_IsGivenExactlyWhereThereIsAPool(long size)
    {
        // Without a size nothing is reserved, so an empty pool is enough.
        Memfd? file = null;
        Exception? error = Record.Exception(() => file = Memfd.Create(Kernel.Linux, "huge", 0, new MemfdOptions { HugePageSize = size }));
        using (file)
        {
            if (Host.HugePageSizes.Contains(size))
            {
                Assert.Null(error);
                Assert.Equal(MagicHeader.HUGETLBFS_MAGIC, file!.Status.FileSystemType);
            }
            else
            {
                // EINVAL: a kernel without CONFIG_HUGETLBFS.
                Assert.Equal(Host.HasHugePages ? Errno.ENODEV : Errno.EINVAL, Assert.IsType<KernelException>(error).Errno);
            }
        }
    }

    [NeedsFact(Need.HugePages)]
    public void Map_WhereThePoolIsTooSmall_IsRefusedWithNoMemory()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "huge", 1L << 44, new MemfdOptions { DefaultHugePages = true });
        var error = Assert.Throws<KernelException>(() => file.Map());
        Assert.Equal((Errno.ENOMEM, "mmap"), (error.Errno, error.Operation));
    }

    private sealed class FlagKernel : ScriptedHost
    {
        public uint Last { get; private set; }

        public override int MemfdCreate(string name, uint flags)
        {
            Last = flags;
            return base.MemfdCreate(name, LibC.MFD_CLOEXEC);
        }
    }
}
