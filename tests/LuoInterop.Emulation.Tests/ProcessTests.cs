using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves that several processes share a kernel, and what the end of one does.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Processes_HaveTheirOwnDescriptors_AndOneDevice()
    {
        EmulatedProcess a = _machine.Boot();
        EmulatedProcess b = a.StartProcess();
        using Descriptor device = a.OpenDevice();
        Assert.Equal(EBUSY, b.Open("/dev/liveupdate", O_RDWR));
        using var cmdline = new Descriptor(b, b.Open("/proc/cmdline", O_RDONLY));
        Assert.Equal(device.Fd, cmdline.Fd);
        Assert.Equal(EBADF, b.Close(device.Fd + 1));
        a.Exit();
        using Descriptor now = b.OpenDevice();
        Assert.Throws<InvalidOperationException>(() => a.Open("/proc/cmdline", O_RDONLY));
    }

    [Fact]
    public void Descriptors_TheLowestFreeOneIsGiven_AmongManyThousand()
    {
        const int Many = 9000;
        EmulatedProcess kernel = _machine.Boot();
        using var first = new Descriptor(kernel, kernel.Open("/proc/cmdline", O_RDONLY));
        for (int i = 1; i < Many; i++)
        {
            Assert.Equal(first.Fd + i, kernel.Fcntl(first, F_DUPFD_CLOEXEC));
        }

        int[] closed = [1, 63, 64, 4031, 4032, 4095, 4096, 8191, 8192, Many - 1];
        foreach (int number in closed)
        {
            Assert.Equal(0, kernel.Close(first.Fd + number));
        }

        foreach (int number in closed)
        {
            Assert.Equal(first.Fd + number, kernel.Fcntl(first, F_DUPFD_CLOEXEC));
        }

        Assert.Equal(first.Fd + Many, kernel.Fcntl(first, F_DUPFD_CLOEXEC));
        Assert.Equal(0, kernel.Close(first.Fd + 4100));
        Assert.Equal(first.Fd + Many + 1, kernel.Fcntl(first, F_DUPFD_CLOEXEC, first.Fd + 4101));
    }

    [Fact]
    public void Exit_DropsOutgoingSessions_ButNotThoseThatAnotherProcessHolds()
    {
        EmulatedProcess agent = _machine.Boot();
        EmulatedProcess manager = agent.StartProcess();
        Descriptor device = agent.OpenDevice();
        Descriptor lost = agent.Create(device, "lost");
        Descriptor kept = agent.Create(device, "kept");
        using Descriptor memory = agent.Memfd(size: 4096);
        Assert.Equal(0, agent.Preserve(lost, memory.Fd, 1));
        var store = new Descriptor(manager, agent.SendDescriptor(manager, kept));
        Assert.Equal("anon_inode:[luo_session] kept", manager.Link(store));
        agent.Exit();
        Assert.Equal(0, manager.FTruncate(memory, 0));
        using Descriptor own = manager.OpenDevice();
        Assert.Equal(0, manager.TryCreate(own, "lost", out _));
        Assert.Equal(EEXIST, manager.TryCreate(own, "kept", out _));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "kept");
    }

    [Fact]
    public void Exit_FinishesRetrievedSessions()
    {
        EmulatedProcess first = _machine.Boot();
        using Descriptor device = first.OpenDevice();
        using Descriptor created = first.Create(device, "s");
        EmulatedProcess init = _machine.Kexec();
        EmulatedProcess program = init.StartProcess();
        using Descriptor programDevice = program.OpenDevice();
        using Descriptor retrieved = program.RetrieveSession(programDevice, "s");
        program.Exit();
        program.Exit();
        using Descriptor initDevice = init.OpenDevice();
        Assert.Equal(ENOENT, init.TryRetrieveSession(initDevice, "s", out _));
    }

    [Fact]
    public void HostDescriptors_CanBeSent()
    {
        EmulatedProcess a = _machine.Boot();
        EmulatedProcess b = a.StartProcess();
        using Descriptor memory = a.MemfdWith([1, 2]);
        using var received = new Descriptor(b, a.SendDescriptor(b, memory));
        Assert.Equal(1, a.LSeek(memory, 1, SeekOrigin.Begin));
        Assert.Equal(1, b.LSeek(received, 0, SeekOrigin.Current));
    }
}
