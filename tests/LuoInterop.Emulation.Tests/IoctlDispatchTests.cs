using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves the order in which an ioctl's arguments are checked (contract 1.2).</summary>
public sealed class IoctlDispatchTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly EmulatedProcess _kernel;
    private readonly Descriptor _device;
    private readonly Descriptor _session;

    public IoctlDispatchTests()
    {
        _kernel = _machine.Boot();
        _device = _kernel.OpenDevice();
        _session = _kernel.Create(_device, "outgoing");
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(0xBA02u)]
    [InlineData(0xBA40u)]
    [InlineData(0x5402u)]
    [InlineData(0xBAFFu)]
    public void Device_UnknownNumber_IsEinval_BeforeTheAddressIsRead(uint request)
    {
        Assert.Equal(EINVAL, _kernel.Ioctl(_device, request, (nint)0));
        Assert.Equal(EINVAL, _kernel.Ioctl(_device, request, NameStructure("x").AsSpan()));
    }

    [Theory]
    [InlineData(0xBA44u)]
    [InlineData(0xBA00u)]
    [InlineData(0xBA3Fu)]
    [InlineData(0x5401u)]
    public void Session_UnknownNumber_IsEinval_BeforeTheAddressIsRead(uint request) =>
        Assert.Equal(EINVAL, _kernel.Ioctl(_session, request, (nint)0));

    [Theory]
    [InlineData(0x0000u)]
    [InlineData(0x5401u)]
    [InlineData(0xBB00u)]
    [InlineData(0x4004BA00u)]
    [InlineData(0xC048BA01u)]
    public void Device_KnownNumberOfAnotherType_IsEfaultThenEnotty(uint request)
    {
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, request, (nint)0));
        Assert.Equal(ENOTTY, _kernel.Ioctl(_device, request, NameStructure("x", size: 1).AsSpan()));
    }

    [Theory]
    [InlineData(0x0040u)]
    [InlineData(0xC010BA40u)]
    public void Session_KnownNumberOfAnotherType_IsEfaultThenEnotty(uint request)
    {
        Assert.Equal(EFAULT, _kernel.Ioctl(_session, request, (nint)0));
        Assert.Equal(ENOTTY, _kernel.Ioctl(_session, request, FdStructure(0, 0, size: 1).AsSpan()));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4u)]
    [InlineData(71u)]
    public void Device_ShortSize_IsEinval(uint size) =>
        Assert.Equal(EINVAL, _kernel.Ioctl(_device, CreateSessionNumber, NameStructure("x", size).AsSpan()));

    [Fact]
    public void Session_ShortSize_IsEinval()
    {
        Assert.Equal(EINVAL, _kernel.Ioctl(_session, PreserveFdNumber, FdStructure(0, 0, 15).AsSpan()));
        Assert.Equal(EINVAL, _kernel.Ioctl(_session, GetNameNumber, NameStructure("", 71).AsSpan()));
    }

    [Fact]
    public void Session_WrongType_IsEinval_BeforeSizeAndTail()
    {
        byte[] tail = FdStructure(0, 0, 24, 24);
        tail[20] = 1;
        Assert.Equal(E2BIG, _kernel.Ioctl(_session, PreserveFdNumber, tail.AsSpan()));
        Assert.Equal(EINVAL, _kernel.Ioctl(_session, RetrieveFdNumber, tail.AsSpan()));
        Assert.Equal(EINVAL, _kernel.Finish(_session));
        Assert.Equal(EFAULT, _kernel.Ioctl(_session, FinishNumber, (nint)0));
    }

    [Theory]
    [InlineData(73, 72)]
    [InlineData(200, 199)]
    [InlineData(9000, 8999)]
    public void LongerSize_WithAByteThatIsNotZero_IsE2Big(int size, int at)
    {
        byte[] structure = NameStructure("x", (uint)size, size);
        structure[at] = 1;
        Assert.Equal(E2BIG, _kernel.Ioctl(_device, CreateSessionNumber, structure.AsSpan()));
        using PinnedBytes pinned = new(structure);
        Assert.Equal(E2BIG, _kernel.Ioctl(_device, CreateSessionNumber, pinned.Address));
    }

    [Fact]
    public void LongerSize_AllZero_IsAccepted_AndTheTailIsNotWritten()
    {
        byte[] structure = NameStructure("x", 1 << 20, 1 << 20);
        using PinnedBytes pinned = new(structure);
        Assert.Equal(0, _kernel.Ioctl(_device, CreateSessionNumber, pinned.Address));
        Assert.True(structure.Fd() >= 1 << 30);
        Assert.False(structure.AsSpan(72).ContainsAnyExcept((byte)0));
        Assert.Equal(1u << 20, BinaryPrimitives.ReadUInt32LittleEndian(structure));
    }

    [Fact]
    public void Span_ShorterThanItsSizeField_IsRefusedByTheSeam()
    {
        byte[] structure = NameStructure("x", 73);
        Assert.Throws<ArgumentException>(() => _kernel.Ioctl(_device, CreateSessionNumber, structure.AsSpan()));
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, default(Span<byte>)));
    }

    [Fact]
    public void GenericRequests_AreAnsweredBeforeTheTables()
    {
        const uint FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIONBIO = 0x5421;
        Assert.Equal(1, _kernel.Fcntl(_session, F_GETFD));
        Assert.Equal(0, _kernel.Ioctl(_session, FIONCLEX, (nint)0));
        Assert.Equal(0, _kernel.Fcntl(_session, F_GETFD));
        Assert.Equal(0, _kernel.Ioctl(_session, FIOCLEX, (nint)0));
        Assert.Equal(1, _kernel.Fcntl(_session, F_GETFD));
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, FIONBIO, (nint)8));
        Assert.Equal(0, _kernel.Ioctl(_session, FIONBIO, new byte[] { 1, 0, 0, 0 }.AsSpan()));
        Assert.Equal(0x802, _kernel.Fcntl(_session, F_GETFL));
    }

    [Fact]
    public void PathDescriptor_AnswersEbadf()
    {
        using var path = new Descriptor(_kernel, _kernel.Open("/dev/liveupdate", O_PATH));
        Assert.Equal(EBADF, _kernel.Ioctl(path, CreateSessionNumber, NameStructure("x").AsSpan()));
        Assert.Equal(EBADF, _kernel.Preserve(_session, 12345, 1));
        Assert.Equal(EBADF, _kernel.Preserve(_session, -1, 1));
        Assert.Equal(EBADF, _kernel.Preserve(_session, (1 << 30) + 999, 1));
    }

    [Fact]
    public void Address_ThatIsUnmapped_IsEfault()
    {
        using var pages = new HostPages(3);
        pages.Protect(1, HostPages.None);
        NameStructure("x").CopyTo(pages.Bytes[^72..]);
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, pages.Page(1)));

        // The size is readable, the rest of the structure is not.
        BinaryPrimitives.WriteUInt32LittleEndian(pages.Bytes[(HostPages.PageSize - 4)..], 72);
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, pages.Page(1) - 4));

        // Half of the size is readable.
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, pages.Page(1) - 2));

        // Unmapped wins over a wrong type, and over an outgoing session's FINISH.
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, 0xBB00, pages.Page(1)));
        Assert.Equal(EFAULT, _kernel.Ioctl(_session, FinishNumber, pages.Page(1)));
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, unchecked((nint)0xffff_8000_0000_0000)));
    }

    [Fact]
    public void Tail_IsCheckedBeforeTheHead_ByteByByte()
    {
        using var pages = new HostPages(2);
        nint structure = pages.Page(1) - 100;
        NameStructure("x", 200).CopyTo(pages.Bytes[(HostPages.PageSize - 100)..]);
        pages.Protect(1, HostPages.None);

        // Zeros, then the unmapped page: a fault. A non-zero byte before it: E2BIG.
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, structure));
        pages.Bytes[HostPages.PageSize - 1] = 1;
        Assert.Equal(E2BIG, _kernel.Ioctl(_device, CreateSessionNumber, structure));
    }

    [Fact]
    public void Create_WithAReadOnlyArgument_IsEfault_AndLeavesNoSession()
    {
        using var pages = new HostPages(1);
        NameStructure("read-only").CopyTo(pages.Bytes);
        pages.Protect(0, HostPages.ReadOnly);
        Assert.Equal(EFAULT, _kernel.Ioctl(_device, CreateSessionNumber, pages.Address));
        Assert.Equal(0, _kernel.TryCreate(_device, "read-only", out int fd));
        Assert.Equal(_session.Fd + 1, fd);
    }

    [Fact]
    public void Preserve_WithAReadOnlyArgument_IsEfault_AndPreservesAllTheSame()
    {
        using var pages = new HostPages(1);
        using Descriptor memory = _kernel.Memfd(size: 4096);
        FdStructure(memory.Fd, 5).CopyTo(pages.Bytes);
        pages.Protect(0, HostPages.ReadOnly);
        Assert.Equal(EFAULT, _kernel.Ioctl(_session, PreserveFdNumber, pages.Address));
        Assert.Equal(EEXIST, _kernel.Preserve(_session, memory.Fd, 5));
        Assert.Equal(EBUSY, _kernel.Preserve(_session, memory.Fd, 6));
    }

    [Fact]
    public void RetrieveSession_WithAReadOnlyArgument_IsEfault_AndDestroysTheSession()
    {
        using Descriptor memory = _kernel.Memfd(size: 4096);
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 5));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor device = next.OpenDevice();
        using var pages = new HostPages(1);
        NameStructure("outgoing").CopyTo(pages.Bytes);
        pages.Protect(0, HostPages.ReadOnly);
        Assert.Equal(EFAULT, next.Ioctl(device, RetrieveSessionNumber, pages.Address));
        Assert.Equal(ENOENT, next.TryRetrieveSession(device, "outgoing", out _));
    }

    [Fact]
    public void Retrieve_WithAReadOnlyArgument_IsEfault_AndCanBeAskedAgain()
    {
        using Descriptor memory = _kernel.MemfdWith([1, 2, 3]);
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 5));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor device = next.OpenDevice();
        using Descriptor session = next.RetrieveSession(device, "outgoing");
        using var pages = new HostPages(1);
        FdStructure(0, 5).CopyTo(pages.Bytes);
        pages.Protect(0, HostPages.ReadOnly);
        Assert.Equal(EFAULT, next.Ioctl(session, RetrieveFdNumber, pages.Address));
        using Descriptor file = next.Retrieve(session, 5);
        Assert.Equal([1, 2, 3], next.Content(file, 3));
    }

    private sealed class PinnedBytes(byte[] bytes) : IDisposable
    {
        private GCHandle _handle = GCHandle.Alloc(bytes, GCHandleType.Pinned);

        public nint Address => _handle.AddrOfPinnedObject();

        public void Dispose() => _handle.Free();
    }
}
