using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using System.Text;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves whole live updates: what goes in comes out in the next kernel.</summary>
public class LiveUpdateTests
{
    [Fact]
    public void Memfd_AcrossKexec_HasItsBytesSizeAndPosition()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess first = machine.Boot();
        byte[] content = new byte[10_000];
        new Random(1).NextBytes(content);
        using (Descriptor device = first.OpenDevice())
        {
            Descriptor session = first.Create(device, "vm0");
            Descriptor memory = first.MemfdWith(content);
            Assert.Equal(1234, first.LSeek(memory, 1234, SeekOrigin.Begin));
            Assert.Equal(0, first.Preserve(session, memory.Fd, 42));
            Assert.Equal(4321, first.LSeek(memory, 4321, SeekOrigin.Begin));
        }

        EmulatedProcess second = machine.Kexec();
        Assert.Equal("7.3.5-next", second.Release);
        using Descriptor nextDevice = second.OpenDevice();
        using Descriptor retrieved = second.RetrieveSession(nextDevice, "vm0");
        using Descriptor file = second.Retrieve(retrieved, 42);
        Assert.Equal(content, second.Content(file, content.Length));
        Assert.Equal(content.Length, second.Status(file).Size);
        Assert.Equal(4321, second.LSeek(file, 0, SeekOrigin.Current));
        Assert.Equal("/ (deleted)", second.Link(file));
        Assert.Equal(0x81FFu, second.Status(file).Mode);
        Assert.Equal(0, second.Finish(retrieved));
    }

    [Fact]
    public void Content_IsWhatThePagesHoldAtTheJump()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess first = machine.Boot();
        Descriptor device = first.OpenDevice();
        Descriptor session = first.Create(device, "s");
        Descriptor memory = first.MemfdWith("before"u8);
        Assert.Equal(0, first.Preserve(session, memory.Fd, 0));
        Assert.Equal(6, first.PWrite(memory, "after!"u8, 0));

        EmulatedProcess second = machine.Kexec();
        using Descriptor nextDevice = second.OpenDevice();
        using Descriptor nextSession = second.RetrieveSession(nextDevice, "s");
        using Descriptor file = second.Retrieve(nextSession, 0);
        Assert.Equal("after!", Encoding.ASCII.GetString(second.Content(file, 6)));
    }

    [Fact]
    public void Memory_IsTheSameHostFile_NotACopy()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess first = machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "s");
        Descriptor memory = first.Memfd(size: 64 << 20);
        FileStatus before = first.Status(memory);
        Assert.Equal(0, first.Preserve(session, memory.Fd, 1));

        EmulatedProcess second = machine.Kexec();
        using Descriptor nextSession = second.RetrieveSession(second.OpenDevice(), "s");
        using Descriptor file = second.Retrieve(nextSession, 1);
        Assert.Equal(before.Inode, second.Status(file).Inode);
        Assert.Equal(before.Device, second.Status(file).Device);
        Assert.Equal((64 << 20) / 512, second.Status(file).Blocks);
    }

    [Theory]
    [InlineData(18)]
    [InlineData(9)]
    [InlineData(3)]
    [InlineData(0)]
    public void Memfd_OfManyFoliosAndAnOddSize_ComesBackThroughThreeKernels(int order)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = order });
        Kernel kernel = machine.Boot();
        byte[] content = new byte[(5 << 20) + 777];
        new Random(2).NextBytes(content);
        Descriptor device = new(kernel, kernel.Open("/dev/liveupdate", Luo.O_RDWR));
        Descriptor memory = kernel.MemfdWith(content);
        Assert.Equal(0, kernel.Preserve(kernel.Create(device, "s"), memory.Fd, ulong.MaxValue));
        for (int i = 0; i < 3; i++)
        {
            kernel = machine.Kexec();
            device = kernel.OpenDevice();
            Descriptor session = kernel.RetrieveSession(device, "s");
            Descriptor file = kernel.Retrieve(session, ulong.MaxValue);
            Assert.Equal(content, kernel.Content(file, content.Length));
            content[i] ^= 0xff;
            Assert.Equal(1, kernel.PWrite(file, content.AsSpan(i, 1), i));
            Assert.Equal(0, kernel.Finish(session));
            session.Dispose();
            Assert.Equal(0, kernel.Preserve(kernel.Create(device, "s"), file.Fd, ulong.MaxValue));
        }
    }

    /// <summary>A file of 2,047 pages has a folio of every order from 10 down, where the machine's limit allows.</summary>
    [Theory]
    [InlineData(18, new[] { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 })]
    [InlineData(9, new[] { 9, 9, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 })]
    public void Folios_AreTheLargestThatFit(int largest, int[] orders)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = largest });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor memory = kernel.Memfd(size: 2047 << 12);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(0, kernel.Load());
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(Luo.KexecCommand));
        Handover handover = HandoverReader.Read(machine.Memory, machine.Handover!.Value.FdtAddress);
        ulong first = machine.Memory.Folios.Single().FirstPfn << 12;
        Assert.Equal(
            orders,
            handover.Preserved.Pieces()
                .Where(piece => piece.Address >= first && piece.Address < first + (2047 << 12))
                .OrderBy(static piece => piece.Address)
                .Select(static piece => piece.Order));
    }

    /// <summary>Gigantic folios: 1 GiB is order 18.</summary>
    [Theory]
    [InlineData(0, 1 << 18, 18)]
    [InlineData(1 << 18, (1 << 18) + 1, 0)]
    [InlineData(1 << 17, 1 << 18, 17)]
    [InlineData(0, 1 << 20, 18)]
    public void Folios_AreAsLargeAsOneGibibyte(ulong page, ulong pages, int order) =>
        Assert.Equal(order, KexecHandover.FolioOrder(page, pages, 18));

    [Fact]
    public void ManySessionsAndFiles_FillSeveralBlocks_AndComeBack()
    {
        const int Sessions = 120;
        const int Files = 130;
        using var machine = new EmulatedMachine();
        EmulatedProcess first = machine.Boot();
        Descriptor device = first.OpenDevice();
        var sessions = new List<Descriptor>();
        for (int i = 0; i < Sessions; i++)
        {
            sessions.Add(first.Create(device, $"session {i}"));
        }

        for (int i = 0; i < Files; i++)
        {
            using Descriptor memory = first.MemfdWith(BitConverter.GetBytes(i));
            Assert.Equal(0, first.Preserve(sessions[7], memory.Fd, (ulong)i));
        }

        EmulatedProcess second = machine.Kexec();
        using Descriptor nextDevice = second.OpenDevice();
        for (int i = 0; i < Sessions; i++)
        {
            using Descriptor session = second.RetrieveSession(nextDevice, $"session {i}");
            for (int j = Files - 1; j >= 0 && i == 7; j--)
            {
                using Descriptor file = second.Retrieve(session, (ulong)j);
                Assert.Equal(j, BitConverter.ToInt32(second.Content(file, 4)));
            }
        }
    }

    [Fact]
    public void Run_RestartsTheProgramInTheNextKernel_AsInitWould()
    {
        using var machine = new EmulatedMachine();
        var releases = new List<string>();
        int result = machine.Run(kernel =>
        {
            releases.Add(kernel.Release);
            using Descriptor device = kernel.OpenDevice();
            if (kernel.TryRetrieveSession(device, "state", out int fd) == 0)
            {
                using var session = new Descriptor(kernel, fd);
                using Descriptor file = kernel.Retrieve(session, 7);
                return kernel.Content(file, 1)[0];
            }

            using Descriptor created = kernel.Create(device, "state");
            using Descriptor memory = kernel.MemfdWith([99]);
            Assert.Equal(0, kernel.Preserve(created, memory.Fd, 7));
            Assert.Equal(0, kernel.Load());
            kernel.Reboot(Luo.KexecCommand);
            return -1;
        });
        Assert.Equal(99, result);
        Assert.Equal(["7.3.4-emulated", "7.3.5-next"], releases);
    }
}
