using LuoInterop.Tests.Support;
using Tmds.Linux;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves on the host's kernel what reading, writing, sizing and sealing a memfd does.</summary>
public class MemfdFileTests
{
    private const int Page = 4096;
    private const int BlocksPerPage = Page / 512;

    [Fact]
    public void Write_ThenRead_GivesTheSameBytesAndLeavesThePosition()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "rw", Page);
        file.Position = 7;
        file.Write(100, "content"u8);
        var buffer = new byte[7];
        Assert.Equal(7, file.Read(100, buffer));
        Assert.Equal("content"u8, buffer);
        Assert.Equal(7, file.Position);
    }

    [Fact]
    public void Write_PastTheEnd_GrowsTheFile()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "grow", 10);
        file.Write(20, "x"u8);
        Assert.Equal(21, file.Size);
        Assert.Equal(0, ReadByte(file, 15));
    }

    [Fact]
    public void Read_AcrossTheEnd_GivesWhatIsThere()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "short", 10);
        file.Write(0, "0123456789"u8);
        var buffer = new byte[20];
        Assert.Equal(4, file.Read(6, buffer));
        Assert.Equal("6789"u8, buffer.AsSpan(0, 4));
        Assert.Equal(0, file.Read(10, buffer));
        Assert.Equal(0, file.Read(1L << 40, buffer));
        Assert.Equal(0, file.Read(0, []));
    }

    [Fact]
    public void Read_NegativeOffset_IsRefused()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "negative", 10);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => file.Read(-1, new byte[1])).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => file.Write(-1, new byte[1])).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => file.Position = -1).Errno);
    }

    [Fact]
    public void SetSize_SmallerAndLarger_CutsAndZeroes()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "size");
        file.Write(0, "0123456789"u8);
        file.SetSize(5);
        file.SetSize(10);
        Assert.Equal(10, file.Size);
        Assert.Equal('4', ReadByte(file, 4));
        Assert.Equal(0, ReadByte(file, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.SetSize(-1));
    }

    [Fact]
    public void Allocate_Hole_TakesBlocks()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "allocate", 8 * Page);
        Assert.Equal(0, file.Status.Blocks);
        file.Allocate(2 * Page, 3 * Page);
        Assert.Equal(3 * BlocksPerPage, file.Status.Blocks);
        Assert.Equal(8 * Page, file.Size);
    }

    [Fact]
    public void PunchHole_WrittenPages_FreesThemAndReadsZero()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "punch", 4 * Page);
        file.Write(0, Enumerable.Repeat((byte)9, 4 * Page).ToArray());
        file.PunchHole(Page, 2 * Page);
        Assert.Equal(2 * BlocksPerPage, file.Status.Blocks);
        Assert.Equal(4 * Page, file.Size);
        Assert.Equal(9, ReadByte(file, Page - 1));
        Assert.Equal(0, ReadByte(file, Page));
        Assert.Equal(9, ReadByte(file, 3 * Page));
    }

    [Theory]
    [InlineData(MemfdSeals.Seal)]
    [InlineData(MemfdSeals.Shrink | MemfdSeals.Grow)]
    [InlineData(MemfdSeals.Write | MemfdSeals.FutureWrite)]
    [InlineData(MemfdSeals.Seal | MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write)]
    public void AddSeals_AnySet_IsSeenInSeals(MemfdSeals seals)
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "seals", Page);
        file.AddSeals(seals);
        Assert.Equal(seals, file.Seals);
    }

    [Fact]
    public void AddSeals_ExecOfAnExecutableFile_SealsWritingToo()
    {
        // This is why a file that comes back from a live update with F_SEAL_EXEC is read-only (memfd_add_seals in mm/memfd.c).
        using Memfd file = Memfd.Create(Kernel.Linux, "exec", Page);
        file.AddSeals(MemfdSeals.Exec);
        Assert.Equal(MemfdSeals.Exec | MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write | MemfdSeals.FutureWrite, file.Seals);
    }

    [Fact]
    public void SealedFile_ForbiddenCalls_AreRefusedAndSaySealed()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "sealed", Page);
        file.AddSeals(MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write);
        KernelException[] errors =
        [
            Assert.Throws<KernelException>(() => file.SetSize(0)),
            Assert.Throws<KernelException>(() => file.SetSize(2 * Page)),
            Assert.Throws<KernelException>(() => file.Write(0, "x"u8)),
            Assert.Throws<KernelException>(() => file.PunchHole(0, Page)),
        ];
        Assert.All(errors, static error =>
        {
            Assert.Equal(Errno.EPERM, error.Errno);
            Assert.Contains("sealed", error.Message, StringComparison.Ordinal);
        });
        Assert.Throws<KernelException>(() => file.Map());
        using MemfdMapping readOnly = file.Map(0, Page, writable: false);
        Assert.Equal(0, readOnly.GetReadOnlySpan(0, 1)[0]);
    }

    [Fact]
    public void AddSeals_WriteWhileMapped_IsBusy()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "mapped", Page);
        using MemfdMapping mapping = file.Map();
        var error = Assert.Throws<KernelException>(() => file.AddSeals(MemfdSeals.Write));
        Assert.Equal(Errno.EBUSY, error.Errno);
        Assert.Contains("mapping", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_AfterDispose_ThrowObjectDisposed()
    {
        Memfd file = Memfd.Create(Kernel.Linux, "disposed", Page);
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Size);
        Assert.Throws<ObjectDisposedException>(() => file.Seals);
        Assert.Throws<ObjectDisposedException>(() => file.Position);
        Assert.Throws<ObjectDisposedException>(() => file.LinkText);
        Assert.Throws<ObjectDisposedException>(() => file.Map(0, Page));
        Assert.Throws<ObjectDisposedException>(() => file.Write(0, "x"u8));
    }

    [Fact]
    public void Seals_OfAFileThatIsNoMemfd_IsRefused()
    {
        using var file = new Memfd(new KernelHandle(Kernel.Linux, Kernel.Linux.Open("/dev/null", LibC.O_RDWR | LibC.O_CLOEXEC)));
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => file.Seals).Errno);
    }

    private static int ReadByte(Memfd file, long offset)
    {
        var buffer = new byte[1];
        return file.Read(offset, buffer) == 1 ? buffer[0] : -1;
    }
}
