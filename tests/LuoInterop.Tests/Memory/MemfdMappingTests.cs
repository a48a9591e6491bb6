using System.Buffers;
using System.Runtime.CompilerServices;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves that a mapping shows its file, at any offset, and ends cleanly.</summary>
[Collection(Alone.Name)]
public class MemfdMappingTests
{
    private const int Page = 4096;
    private const long GiB = 1L << 30;
    private const long Far = (9 * GiB) / 2;

    [Fact]
    public void Windows_BeyondTwoGiB_ShowTheFile()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "sparse", 5 * GiB);
        using MemfdMapping mapping = file.Map();
        Assert.Equal(5 * GiB, mapping.Length);
        "span"u8.CopyTo(mapping.GetSpan(Far, 4));
        "memory"u8.CopyTo(mapping.GetMemory(Far + 100, 6).Span);
        var buffer = new byte[6];
        file.Read(Far, buffer.AsSpan(0, 4));
        Assert.Equal("span"u8, buffer.AsSpan(0, 4));
        file.Read(Far + 100, buffer);
        Assert.Equal("memory"u8, buffer);
        file.Write(5 * GiB - 1, "e"u8);
        Assert.Equal((byte)'e', mapping.GetReadOnlySpan(5 * GiB - 1, 1)[0]);
        Assert.Equal((byte)'e', mapping.GetReadOnlyMemory(5 * GiB - 1, 1).Span[0]);
    }

    [Fact]
    public unsafe void Map_AtAnOffset_StartsThere()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "offset", 5 * GiB);
        using MemfdMapping mapping = file.Map(Far, Page);
        file.Write(Far + 3, "x"u8);
        Assert.Equal((byte)'x', mapping.GetReadOnlySpan(3, 1)[0]);
        Assert.Equal((byte)'x', mapping.Address[3]);
        Assert.Equal(0, (nint)mapping.Address % Page);
    }

    [Fact]
    public void Map_OffsetThatIsNoPage_IsRefused()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "unaligned", 2 * Page);
        var error = Assert.Throws<KernelException>(() => file.Map(1, Page));
        Assert.Equal((Errno.EINVAL, "mmap"), (error.Errno, error.Operation));
    }

    [Fact]
    public void Map_OfNothing_ThrowsBeforeTheCall()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "empty");
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(-1, Page));
    }

    [Fact]
    public void Windows_OutsideTheMapping_Throw()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "bounds", Page);
        using MemfdMapping mapping = file.Map();
        Assert.Equal(Page, mapping.GetSpan(0, Page).Length);
        Assert.Equal(0, mapping.GetSpan(Page, 0).Length);
        foreach ((long offset, int length) in new (long, int)[] { (-1, 1), (0, -1), (0, Page + 1), (Page, 1), (long.MaxValue, 1),
            (long.MinValue, 0), (1, int.MaxValue) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => mapping.GetSpan(offset, length).Length);
            Assert.Throws<ArgumentOutOfRangeException>(() => mapping.GetReadOnlySpan(offset, length).Length);
            Assert.Throws<ArgumentOutOfRangeException>(() => mapping.GetMemory(offset, length));
            Assert.Throws<ArgumentOutOfRangeException>(() => mapping.GetReadOnlyMemory(offset, length));
        }
    }

    [Fact]
    public void ReadOnlyMapping_WritableWindows_Throw()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "readonly", Page);
        file.Write(0, "r"u8);
        using MemfdMapping mapping = file.Map(0, Page, writable: false);
        Assert.Throws<InvalidOperationException>(() => mapping.GetSpan(0, 1).Length);
        Assert.Throws<InvalidOperationException>(() => mapping.GetMemory(0, 1));
        Assert.Equal((byte)'r', mapping.GetReadOnlySpan(0, 1)[0]);
        Assert.Equal((byte)'r', mapping.GetReadOnlyMemory(0, 1).Span[0]);
    }

    [Fact]
    public unsafe void Members_AfterDispose_ThrowObjectDisposed()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "disposed", Page);
        MemfdMapping mapping = file.Map();
        Memory<byte> taken = mapping.GetMemory(0, 1);
        mapping.Dispose();
        mapping.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (nint)mapping.Address);
        Assert.Throws<ObjectDisposedException>(() => mapping.GetSpan(0, 1).Length);
        Assert.Throws<ObjectDisposedException>(() => mapping.GetReadOnlySpan(0, 1).Length);
        Assert.Throws<ObjectDisposedException>(() => taken.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => taken.Pin());
        Assert.Throws<ObjectDisposedException>(mapping.Populate);
        Assert.Throws<ObjectDisposedException>(mapping.AdviseHugePages);
    }

    [Fact]
    public void Mapping_AfterItsFileIsClosed_StillShowsTheMemory()
    {
        Memfd file = Memfd.Create(Kernel.Linux, "closed", Page);
        using MemfdMapping mapping = file.Map();
        file.Dispose();
        mapping.GetSpan(5, 1)[0] = 42;
        Assert.Equal(42, mapping.GetReadOnlySpan(5, 1)[0]);
    }

    [Fact]
    public void Populate_WritableMapping_AllocatesEveryPage()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "populate", 64 * Page);
        using MemfdMapping mapping = file.Map();
        Assert.Equal(0, file.Status.Blocks);
        mapping.Populate();
        Assert.Equal(64 * Page / 512, file.Status.Blocks);
    }

    [Fact]
    public void Populate_BeyondTheEnd_IsRefused()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "beyond", Page);
        using MemfdMapping mapping = file.Map(0, 4 * Page);
        var error = Assert.Throws<KernelException>(mapping.Populate);
        Assert.Equal((Errno.EFAULT, "madvise"), (error.Errno, error.Operation));
    }

    [Fact]
    public void AdviseHugePages_OnThisHost_IsTakenExactlyWhereTheKernelHasThem()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "thp", 4 << 20);
        using MemfdMapping mapping = file.Map();
        Exception? error = Record.Exception(mapping.AdviseHugePages);
        if (Host.HasTransparentHugePages)
        {
            Assert.Null(error);
            mapping.Populate();
            Assert.Equal((4 << 20) / 512, file.Status.Blocks);
        }
        else
        {
            Assert.Equal(Errno.EINVAL, Assert.IsType<KernelException>(error).Errno);
        }
    }

    [Fact]
    public unsafe void Pin_OfAWindow_GivesItsAddress()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "pin", Page);
        using MemfdMapping mapping = file.Map();
        Memory<byte> memory = mapping.GetMemory(8, 16);
        using MemoryHandle pin = memory[4..].Pin();
        *(byte*)pin.Pointer = 77;
        Assert.Equal(77, mapping.GetReadOnlySpan(12, 1)[0]);
    }

    [Fact]
    public unsafe void Mapping_LostWhileAWindowIsPinned_StaysMapped()
    {
        var kernel = new UnmapKernel();
        using Memfd file = Memfd.Create(kernel, "lost", Page);
        MemoryHandle pin = PinAndLose(file);
        Collector.Run();
        Assert.Equal(0, kernel.Unmaps);
        *(byte*)pin.Pointer = 1;
        pin.Dispose();
    }

    [Fact]
    public void Mapping_Lost_IsUnmappedOnce()
    {
        var kernel = new UnmapKernel();
        using Memfd file = Memfd.Create(kernel, "lost", Page);
        Lose(file);
        Collector.Run();
        Assert.Equal(1, kernel.Unmaps);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MemoryHandle PinAndLose(Memfd file) => file.Map().GetMemory(0, 8).Pin();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lose(Memfd file) => Assert.Equal(Page, file.Map().Length);

    private sealed class UnmapKernel : ScriptedHost
    {
        private int _unmaps;

        public int Unmaps => Volatile.Read(ref _unmaps);

        public override int MUnmap(nint address, nuint length)
        {
            Interlocked.Increment(ref _unmaps);
            return base.MUnmap(address, length);
        }
    }
}
