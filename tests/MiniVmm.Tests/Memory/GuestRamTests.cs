using LuoInterop;
using MiniVmm.Memory;
using Xunit;

namespace MiniVmm.Tests.Memory;

/// <summary>Proves that guest RAM is where the guest expects it, in files that can be taken over.</summary>
public sealed class GuestRamTests
{
    private const long MiB = 1 << 20;
    private const long GiB = 1 << 30;

    [Theory]
    [InlineData(4096, 4096, 0)]
    [InlineData(512 * MiB, 512 * MiB, 0)]
    [InlineData(3 * GiB, 3 * GiB, 0)]
    [InlineData((3 * GiB) + 4096, 3 * GiB, 4096)]
    [InlineData(8 * GiB, 3 * GiB, 5 * GiB)]
    public void Layout_OfASize_LeavesTheHoleBelow4GiB(long size, long low, long high) =>
        Assert.Equal((low, high), GuestRam.Layout(size));

    [Theory]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(MiB + 512)]
    public void Layout_OfAPartOfAPage_IsRefused(long size) => Assert.Throws<ArgumentException>(() => GuestRam.Layout(size));

    [Fact]
    public void Layout_OfNothing_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => GuestRam.Layout(0));

    [Fact]
    public void Create_OfASize_AllocatesAllOfItZeroed()
    {
        using GuestRam ram = GuestRam.Create(Kernel.Linux, 4 * MiB);

        GuestRamRange range = Assert.Single(ram.Ranges);
        Assert.Equal(("ram-low", 0UL, 4 * MiB, (ulong)(4 * MiB)), (range.Name, range.GuestAddress, range.Length, range.End));
        Assert.Equal(4 * MiB, ram.Size);
        Assert.Equal(4 * MiB / 512, range.File.Status.Blocks);
        Assert.Equal("/memfd:ram-low (deleted)", range.File.LinkText);
        Assert.Equal(-1, ram.At(0, (int)(4 * MiB)).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Create_WithoutHugePages_TakesSmallOnes()
    {
        RefusingKernel kernel = new(RefusingKernel.HugePages, Errno.EINVAL);
        using (GuestRam ram = GuestRam.Create(kernel, 2 * MiB))
        {
            Assert.Equal(2 * MiB / 512, ram.Low.File.Status.Blocks);
        }

        Assert.Equal((1, 0, 0), (kernel.Refusals, kernel.Mappings, kernel.OpenFiles));
    }

    [Fact]
    public void Create_InSmallPages_DoesNotAskForHugeOnes()
    {
        RefusingKernel kernel = new(RefusingKernel.HugePages, Errno.EINVAL);
        using GuestRam ram = GuestRam.Create(kernel, 2 * MiB, hugePages: false);
        Assert.Equal(0, kernel.Refusals);
        Assert.Equal(2 * MiB / 512, ram.Low.File.Status.Blocks);
    }

    [Fact]
    public unsafe void HugePageBytes_AreThoseThatTheKernelSaysOfTheRam()
    {
        using GuestRam ram = GuestRam.Create(Kernel.Linux, 4 * MiB);
        nint start = (nint)ram.Low.Mapping.Address;
        string[] smaps =
        [
            $"{start - 4096:x}-{start:x} rw-s 00000000 00:01 1 /memfd:other", "Size: 4 kB", "ShmemPmdMapped:     8192 kB",
            $"{start:x}-{start + (2 * MiB):x} rw-s 00000000 00:01 1 /memfd:ram-low", "Size: 2048 kB", "ShmemPmdMapped:     2048 kB",
            $"{start + (2 * MiB):x}-{start + (4 * MiB):x} rw-s 00000000 00:01 1 /memfd:ram-low", "ShmemPmdMapped:        0 kB",
            $"{start + (4 * MiB):x}-{start + (6 * MiB):x} rw-s 00000000 00:01 1 /memfd:x", "ShmemPmdMapped:     2048 kB",
        ];
        Assert.Equal(2 * MiB, HugePages.CountBytes(ram.Ranges, smaps));
        Assert.InRange(ram.CountHugePageBytes(), 0, 4 * MiB);
    }

    [Theory]
    [InlineData(RefusingKernel.HugePages, Errno.ENOMEM)]
    [InlineData(RefusingKernel.PopulateWrite, Errno.ENOMEM)]
    [InlineData(RefusingKernel.PopulateWrite, Errno.EFAULT)]
    public void Create_Refused_KeepsNothing(int advice, Errno errno)
    {
        RefusingKernel kernel = new(advice, errno);

        KernelException error = Assert.Throws<KernelException>(() => GuestRam.Create(kernel, 2 * MiB));

        Assert.Equal(errno, error.Errno);
        Assert.Equal((1, 0, 0), (kernel.Refusals, kernel.Mappings, kernel.OpenFiles));
    }

    [Fact]
    public void At_OutsideOfRam_SaysWhere()
    {
        using Memfd low = Memfd.Create(Kernel.Linux, "low", GuestRam.MaxLow);
        using Memfd high = Memfd.Create(Kernel.Linux, "high", 2 * MiB);
        using GuestRam ram = GuestRam.FromFiles(low, high);
        ulong lowEnd = (ulong)GuestRam.MaxLow;
        ulong highEnd = GuestRam.HighAddress + (ulong)(2 * MiB);

        ram.At(lowEnd - 1, 1)[0] = 1;
        ram.At(GuestRam.HighAddress, 1)[0] = 2;
        ram.At(highEnd - 1, 1)[0] = 3;
        byte[] read = new byte[1];
        Assert.Equal((1, 1), (low.Read(GuestRam.MaxLow - 1, read), read[0]));
        Assert.Equal((1, 2), (high.Read(0, read), read[0]));
        Assert.Equal((1, 3), (high.Read((2 * MiB) - 1, read), read[0]));
        Assert.Equal("ram-high", ram.Ranges[1].Name);
        foreach ((ulong address, int length) in new[]
            {
                (lowEnd, 1), (lowEnd - 1, 2), (GuestRam.HighAddress - 1, 1), (GuestRam.HighAddress - 1, 2), (highEnd, 0), (highEnd - 1, 2),
                (ulong.MaxValue, 1), (ulong.MaxValue - 4095, int.MaxValue), (0xfee0_0000, 4),
            })
        {
            GuestAddressException error = Assert.Throws<GuestAddressException>(() => ram.At(address, length).Length);
            Assert.Equal((address, (long)length), (error.GuestAddress, error.Length));
            Assert.Contains($"0x{address:x}", error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => ram.At(0, -1).Length);
    }

    [Fact]
    public void FromFiles_OfAnotherRam_HasItsContent()
    {
        using GuestRam first = GuestRam.Create(Kernel.Linux, 2 * MiB);
        "kept"u8.CopyTo(first.At(0x1234, 4));
        KernelHandle handle = new(Kernel.Linux);
        int copy = Kernel.Linux.Fcntl(first.Low.File.Handle, 0);
        Assert.Equal(copy, handle.Take(copy));
        using GuestRam second = GuestRam.FromFiles(new Memfd(handle), null);

        Assert.Equal("kept"u8, second.At(0x1234, 4));
        second.At(0x1234, 1)[0] = (byte)'K';
        Assert.Equal((byte)'K', first.At(0x1234, 1)[0]);
    }

    [Theory]
    [InlineData(4097, -1)]
    [InlineData(0, -1)]
    [InlineData(MiB, 4096)]
    [InlineData((3 * GiB) + 4096, -1)]
    [InlineData(3 * GiB, 0)]
    [InlineData(3 * GiB, 100)]
    public void FromFiles_ThatAreNoRam_LeavesThemOpen(long lowSize, long highSize)
    {
        using Memfd low = Memfd.Create(Kernel.Linux, "low", lowSize);
        using Memfd? high = highSize < 0 ? null : Memfd.Create(Kernel.Linux, "high", highSize);

        Assert.Throws<ArgumentException>(() => GuestRam.FromFiles(low, high));

        Assert.Equal((lowSize, highSize), (low.Size, high?.Size ?? -1));
    }
}
