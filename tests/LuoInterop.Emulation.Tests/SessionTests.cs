using System.Text;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves the operations and lifecycles of sessions (contract 1.3 and 1.4).</summary>
public sealed class SessionTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly EmulatedProcess _kernel;
    private readonly Descriptor _device;

    public SessionTests()
    {
        _kernel = _machine.Boot();
        _device = _kernel.OpenDevice();
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Create_GivesTheLowestFreeDescriptor_CloseOnExec_Nameable()
    {
        Descriptor a = _kernel.Create(_device, "a");
        Descriptor b = _kernel.Create(_device, "b/\n\u00e4");
        Assert.Equal(_device.Fd + 1, a.Fd);
        Assert.Equal(_device.Fd + 2, b.Fd);
        a.Dispose();
        using Descriptor c = _kernel.Create(_device, "c");
        Assert.Equal(_device.Fd + 1, c.Fd);
        Assert.Equal(1, _kernel.Fcntl(c, F_GETFD));
        Assert.Equal(O_RDWR, _kernel.Fcntl(c, F_GETFL));
        Assert.Equal("anon_inode:[luo_session] b/\n\u00e4", _kernel.Link(b));
    }

    [Fact]
    public void Create_NameWithoutOrWithoutEnd_IsEinval_AndBytesAfterTheNulAreIgnored()
    {
        Assert.Equal(EINVAL, _kernel.TryCreate(_device, "", out _));
        Assert.Equal(EINVAL, _kernel.TryCreate(_device, new string('n', 64), out _));
        Assert.Equal(0, _kernel.TryCreate(_device, new string('n', 63), out _));
        byte[] structure = NameStructure("one\0two");
        Assert.Equal(0, _kernel.Ioctl(_device, CreateSessionNumber, structure.AsSpan()));
        Assert.Equal("one\0two", Encoding.ASCII.GetString(structure.AsSpan(8, 7)));
        Assert.Equal(EEXIST, _kernel.TryCreate(_device, "one", out _));
    }

    [Fact]
    public void Create_SameName_IsEexist_UntilTheSessionIsClosed()
    {
        using (Descriptor session = _kernel.Create(_device, "twice"))
        {
            Assert.Equal(EEXIST, _kernel.TryCreate(_device, "twice", out _));
        }

        using Descriptor again = _kernel.Create(_device, "twice");
    }

    [Fact]
    public void DescriptorLimit_IsEmfile_BeforeTheNameIsLookedAt()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { DescriptorLimit = 2 });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.Create(device, "only");
        Assert.Equal(EMFILE, kernel.TryCreate(device, "", out _));
        Assert.Equal(EMFILE, kernel.TryRetrieveSession(device, "none", out _));
        Assert.Equal(EMFILE, kernel.Fcntl(device, F_DUPFD_CLOEXEC));
        Assert.Equal(EMFILE, kernel.Open("/proc/cmdline", O_RDONLY));
        Assert.Equal(EINVAL, kernel.TryRetrieve(session, 1, out _));
    }

    [Fact]
    public void RetrieveFd_AtTheLimit_IsEmfile_AndNotSticky()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { DescriptorLimit = 2 });
        EmulatedProcess kernel = machine.Boot();
        using (Descriptor device = kernel.OpenDevice())
        {
            Descriptor session = kernel.Create(device, "s");
            Assert.Equal(0, kernel.Preserve(session, kernel.Memfd(size: 1).Fd, 1));
        }

        kernel = machine.Kexec();
        Descriptor next = kernel.OpenDevice();
        using Descriptor retrieved = kernel.RetrieveSession(next, "s");
        Assert.Equal(EMFILE, kernel.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(EMFILE, kernel.TryRetrieve(retrieved, 2, out _));
        next.Dispose();
        using Descriptor file = kernel.Retrieve(retrieved, 1);
        Assert.Equal(ENOENT, kernel.TryRetrieve(retrieved, 2, out _));
    }

    [Fact]
    public void RetrieveSession_UnknownNames_AreEnoent()
    {
        Assert.Equal(ENOENT, _kernel.TryRetrieveSession(_device, "none", out _));
        Assert.Equal(ENOENT, _kernel.TryRetrieveSession(_device, "", out _));
        Assert.Equal(ENOENT, _kernel.TryRetrieveSession(_device, new string('x', 64), out _));
        using Descriptor outgoing = _kernel.Create(_device, "outgoing");
        Assert.Equal(ENOENT, _kernel.TryRetrieveSession(_device, "outgoing", out _));
    }

    [Fact]
    public void IncomingAndOutgoing_MayShareAName()
    {
        _kernel.Create(_device, "same");
        EmulatedProcess next = _machine.Kexec();
        using Descriptor device = next.OpenDevice();
        using Descriptor outgoing = next.Create(device, "same");
        using Descriptor incoming = next.RetrieveSession(device, "same");
        Assert.Equal(EINVAL, next.TryRetrieveSession(device, "same", out _));
        Assert.Equal(EINVAL, next.Finish(outgoing));
        Assert.Equal(0, next.Finish(incoming));
        Assert.Equal(EINVAL, next.Preserve(incoming, 0, 1));
        Assert.Equal(ENOENT, next.TryRetrieve(incoming, 1, out _));
        Assert.Equal(0, next.Finish(incoming));
    }

    [Fact]
    public void GetName_WritesTheNameAndItsNul_AndLeavesTheRest()
    {
        using Descriptor session = _kernel.Create(_device, "abc");
        byte[] structure = NameStructure(new string('z', 64));
        Assert.Equal(0, _kernel.Ioctl(session, GetNameNumber, structure.AsSpan()));
        Assert.Equal("abc\0"u8, structure.AsSpan(8, 4));
        Assert.Equal((byte)'z', structure[^1]);
        structure[4] = 1;
        Assert.Equal(EINVAL, _kernel.Ioctl(session, GetNameNumber, structure.AsSpan()));
    }

    [Fact]
    public void Finish_WithReserved_IsEinval_AndFinishesNothing()
    {
        _kernel.Preserve(_kernel.Create(_device, "s"), _kernel.Memfd(size: 1).Fd, 1);
        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal(EINVAL, next.Ioctl(session, FinishNumber, new byte[] { 8, 0, 0, 0, 1, 0, 0, 0 }.AsSpan()));
        using Descriptor file = next.Retrieve(session, 1);
    }

    [Fact]
    public void Preserve_ChecksTokenThenDescriptorThenHandlerThenFile()
    {
        using Descriptor session = _kernel.Create(_device, "s");
        using Descriptor other = _kernel.Create(_device, "t");
        using Descriptor memory = _kernel.Memfd(size: 1);
        using var copy = new Descriptor(_kernel, _kernel.Fcntl(memory, F_DUPFD_CLOEXEC));
        using var reopened = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{memory.Fd}", O_RDWR));
        Assert.Equal(0, _kernel.Preserve(session, memory.Fd, 0));
        Assert.Equal(EEXIST, _kernel.Preserve(session, -1, 0));
        Assert.Equal(EBADF, _kernel.Preserve(session, -1, 1));
        Assert.Equal(ENOENT, _kernel.Preserve(session, _device.Fd, 1));
        Assert.Equal(ENOENT, _kernel.Preserve(session, other.Fd, 1));
        Assert.Equal(EBUSY, _kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(EBUSY, _kernel.Preserve(other, copy.Fd, 0));
        Assert.Equal(EBUSY, _kernel.Preserve(other, reopened.Fd, 0));
        using Descriptor more = _kernel.Memfd(size: 1);
        Assert.Equal(0, _kernel.Preserve(session, more.Fd, ulong.MaxValue));
    }

    [Fact]
    public void Close_OfAnOutgoingSession_DropsItsFiles_AndFreesItsName()
    {
        using Descriptor memory = _kernel.Memfd(size: 4096);
        Descriptor session = _kernel.Create(_device, "s");
        Assert.Equal(0, _kernel.Preserve(session, memory.Fd, 1));
        var copy = new Descriptor(_kernel, _kernel.Fcntl(session, F_DUPFD_CLOEXEC));
        session.Dispose();
        Assert.Equal(EPERM, _kernel.FTruncate(memory, 0));
        copy.Dispose();
        Assert.Equal(0, _kernel.FTruncate(memory, 0));
        using Descriptor again = _kernel.Create(_device, "s");
        Assert.Equal(0, _kernel.Preserve(again, memory.Fd, 1));
    }

    [Fact]
    public void Close_OfARetrievedSession_FinishesIt()
    {
        Descriptor session = _kernel.Create(_device, "s");
        Assert.Equal(0, _kernel.Preserve(session, _kernel.MemfdWith([1]).Fd, 1));
        Assert.Equal(0, _kernel.Preserve(session, _kernel.MemfdWith([2]).Fd, 2));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor device = next.OpenDevice();
        Descriptor retrieved = next.RetrieveSession(device, "s");
        using Descriptor file = next.Retrieve(retrieved, 2);
        Assert.NotEmpty(next.Running.Handover.Memory.Folios);
        retrieved.Dispose();
        Assert.Empty(next.Running.Handover.Memory.Folios);
        Assert.Equal(ENOENT, next.TryRetrieveSession(device, "s", out _));
        Assert.Equal([2], next.Content(file, 1));
        using Descriptor outgoing = next.Create(device, "s");
        Assert.Equal(0, next.Preserve(outgoing, file.Fd, 1));
    }

    [Fact]
    public void Retrieve_Twice_GivesTheSameOpenFile()
    {
        Descriptor session = _kernel.Create(_device, "s");
        Assert.Equal(0, _kernel.Preserve(session, _kernel.MemfdWith([1, 2, 3]).Fd, 1));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor device = next.OpenDevice();
        using Descriptor retrieved = next.RetrieveSession(device, "s");
        using Descriptor first = next.Retrieve(retrieved, 1);
        using Descriptor second = next.Retrieve(retrieved, 1);
        Assert.NotEqual(first.Fd, second.Fd);
        Assert.Equal(2, next.LSeek(first, 2, SeekOrigin.Begin));
        Assert.Equal(2, next.LSeek(second, 0, SeekOrigin.Current));
        Assert.Equal(1, next.Fcntl(second, F_GETFD));
        using Descriptor outgoing = next.Create(device, "out");
        Assert.Equal(EBUSY, next.Preserve(outgoing, first.Fd, 1));
        Assert.Equal(0, next.Finish(retrieved));
        Assert.Equal(ENOENT, next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(0, next.Preserve(outgoing, first.Fd, 1));
    }

    [Fact]
    public void FailedRetrieve_IsSticky_AndTouchesNoOtherToken()
    {
        Descriptor session = _kernel.Create(_device, "s");
        Assert.Equal(0, _kernel.Preserve(session, _kernel.MemfdWith([1]).Fd, 1));
        Assert.Equal(0, _kernel.Preserve(session, _kernel.MemfdWith([2]).Fd, 2));

        // A seal that nobody knows, written over the record of the first file.
        LuoInterop.Emulation.Kho.PhysicalMemory memory = _kernel.Running.Handover.Memory;
        foreach (ulong page in memory.PopulatedPages().ToArray())
        {
            Span<byte> bytes = memory.Page(page);
            if (BitConverter.ToUInt64(bytes[8..]) == 1 && BitConverter.ToUInt64(bytes[24..]) == 1)
            {
                bytes[19] = 0x80;
                break;
            }
        }

        EmulatedProcess next = _machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        int[] results = [next.TryRetrieve(retrieved, 1, out _), next.TryRetrieve(retrieved, 2, out int _)];
        Assert.Equal([0, EOPNOTSUPP], results.Order().Reverse());
        Assert.Equal(results[0], next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(0, next.Finish(retrieved));
    }

    [Fact]
    public void IncomingSessions_ThatNobodyPreservesAgain_AreNotCarriedOn()
    {
        _kernel.Create(_device, "never retrieved");
        _kernel.Create(_device, "retrieved");
        EmulatedProcess second = _machine.Kexec();
        Descriptor device = second.OpenDevice();
        second.RetrieveSession(device, "retrieved");
        second.Create(device, "new");
        EmulatedProcess third = _machine.Kexec();
        using Descriptor last = third.OpenDevice();
        Assert.Equal(ENOENT, third.TryRetrieveSession(last, "never retrieved", out _));
        Assert.Equal(ENOENT, third.TryRetrieveSession(last, "retrieved", out _));
        using Descriptor carried = third.RetrieveSession(last, "new");
        Assert.Equal(ENOENT, third.TryRetrieve(carried, 1, out _));
    }

    [Fact]
    public void Device_IsOpenedByOneDescriptionAtATime_AndSessionsOutliveIt()
    {
        Assert.Equal(EBUSY, _kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EBUSY, _kernel.Open("/dev/liveupdate", O_RDONLY | 0x800));
        Assert.Equal(EBUSY, _kernel.Open($"/proc/self/fd/{_device.Fd}", O_RDWR));
        using Descriptor session = _kernel.Create(_device, "s");
        Assert.Equal(ENXIO, _kernel.Open($"/proc/self/fd/{session.Fd}", O_RDWR));
        var copy = new Descriptor(_kernel, _kernel.Fcntl(_device, F_DUPFD_CLOEXEC));
        _device.Dispose();
        Assert.Equal(EBUSY, _kernel.Open("/dev/liveupdate", O_RDWR));
        copy.Dispose();
        using Descriptor again = _kernel.OpenDevice();
        Assert.Equal(EEXIST, _kernel.TryCreate(again, "s", out _));
    }

    [Fact]
    public void SessionAndDevice_HaveNoContent()
    {
        using Descriptor session = _kernel.Create(_device, "s");
        byte[] buffer = new byte[4];
        Assert.Equal(EINVAL, _kernel.Read(session, buffer));
        Assert.Equal(EINVAL, _kernel.Write(session, buffer));
        Assert.Equal(ESPIPE, _kernel.LSeek(session, 0, SeekOrigin.Begin));
        Assert.Equal(ENODEV, _kernel.MMap(4096, 1, 1, session, 0));
        Assert.Equal(EINVAL, _kernel.Fcntl(session, F_GET_SEALS));
        Assert.Equal(EINVAL, _kernel.Read(_device, buffer));
        Assert.Equal(ESPIPE, _kernel.LSeek(_device, 0, SeekOrigin.Begin));
        Assert.Equal("/dev/liveupdate", _kernel.Link(_device));
        Assert.Equal(0x2180u, _kernel.Status(_device).Mode);
    }

    [Fact]
    public void Close_OfTheSameNumberTwice_IsEbadf()
    {
        int fd = _kernel.Create(_device, "s").Fd;
        Assert.Equal(0, _kernel.Close(fd));
        Assert.Equal(EBADF, _kernel.Close(fd));
    }
}
