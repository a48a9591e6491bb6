using System.Buffers.Binary;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Proves that the bytes decide: each release's form is in memory, and what is changed there the next kernel meets.</summary>
public sealed class ForeignBytesTests
{
    [Theory]
    [InlineData("6.19", 0)]
    [InlineData("7.0", 1)]
    [InlineData("7.1", 1)]
    public void LuoTree_ArraysHaveNoGaps(string release, int flbPages)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        PhysicalMemory memory = Leave(machine, release, sessions: 60);
        LuoState state = new KhoDebugFs(machine.Boot()).ReadLuo(KhoDirection.In).Value;
        Assert.Equal(flbPages, state.Flbs == 0 ? 0 : 1);
        Span<byte> head = stackalloc byte[8];
        Assert.True(memory.TryRead(state.Sessions, head));
        Assert.Equal(60UL, BinaryPrimitives.ReadUInt64LittleEndian(head));

        // Session 51 crosses the end of the first page: 8 + 51 * 80 is 4088.
        Span<byte> name = stackalloc byte[10];
        Assert.True(memory.TryRead(state.Sessions + 8 + (51 * 80), name));
        Assert.Equal("session 51", System.Text.Encoding.ASCII.GetString(name));
        Span<byte> file = stackalloc byte[64];
        Assert.True(memory.TryRead(state.Sessions + 8 + 64, head));
        Assert.True(memory.TryRead(BinaryPrimitives.ReadUInt64LittleEndian(head), file));
        Assert.Equal(release == "7.1" ? "memfd-v2" : "memfd-v1", System.Text.Encoding.ASCII.GetString(file[..8]));
        Assert.Equal(77UL, BinaryPrimitives.ReadUInt64LittleEndian(file[56..]));
    }

    [Theory]
    [InlineData("6.19", "luo-v1\0", "luo-v2\0", "[-22]")]
    [InlineData("7.0", "luo-session-v2", "luo-session-v3", "[-22]")]
    [InlineData("7.1", "liveupdate-number", "liveupdate-NUMBER", "[-22]")]
    [InlineData("7.1", "luo-flb-v1", "luo-flb-v2", "[-22]")]
    [InlineData("7.3", "luo-v5", "luo-v1", "[-22]")]
    public void OtherLuoForm_Panics(string release, string old, string text, string error)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        Leave(machine, release).Replace(old, text);
        Assert.Contains(error, Assert.Throws<EmulatedKernelPanicException>(machine.Boot).Message, StringComparison.Ordinal);
        Assert.Equal(1UL, machine.Boot().LiveUpdateNumber());
    }

    // The node that only 7.0 and 7.1 look for.
    [Theory]
    [InlineData("6.19", "7.0", true)]
    [InlineData("7.0", "6.19", false)]
    public void FlbNode_IsMissedOrIgnored(string from, string to, bool panics)
    {
        using EmulatedMachine machine = Releases.Machine(from);
        Leave(machine, to);
        if (panics)
        {
            Assert.Contains("[-2]", Assert.Throws<EmulatedKernelPanicException>(machine.Boot).Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(2UL, machine.Boot().LiveUpdateNumber());
        }
    }

    [Theory]
    [InlineData("6.19", "kho-v1", "kho-v2")]
    [InlineData("7.1", "kho-v3", "kho-v4")]
    [InlineData("7.2", "kho-v4", "kho-v3")]
    public void OtherKhoForm_LosesEverythingSilently(string release, string old, string text)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        PhysicalMemory memory = Leave(machine, release);
        memory.Replace(old, text);
        EmulatedProcess next = machine.Boot();
        Assert.Equal(ENOENT, next.TryRetrieveSession(next.OpenDevice(), "session 0", out _));
        Assert.Empty(memory.Folios);
    }

    // With the tree's form renamed, 7.0 would read 7.1's tree of pages as chunks: the map of another form is no map.
    [Fact]
    public void MapOfAnotherForm_PanicsTheKernelThatBelievesIt()
    {
        using EmulatedMachine machine = Releases.Machine("7.1");
        Leave(machine, "7.0").Replace("kho-v3", "kho-v1");
        Assert.Contains("page fault", Assert.Throws<EmulatedKernelPanicException>(machine.Boot).Message, StringComparison.Ordinal);
    }

    // 6.19 to 7.1 believe the count: what follows the last session has its name, the empty one, twice.
    [Theory]
    [InlineData("6.19")]
    [InlineData("7.1")]
    public void SessionCount_IsBelieved(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        PhysicalMemory memory = Leave(machine, release);
        ulong header = HeaderOf(memory);
        Span<byte> count = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(count, ulong.MaxValue);
        Assert.True(memory.TryWrite(header, count));
        EmulatedProcess next = machine.Boot();
        Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
    }

    // 6.18 knows no LUO, but shows the blob, and a kernel after it gets nothing of it.
    [Fact]
    public void Linux618_ShowsLuosTree_AndDoesNotHandItOn()
    {
        using EmulatedMachine machine = Releases.Machine("7.0");
        EmulatedProcess kernel = machine.Boot();
        byte[] blob = kernel.ReadFile(Releases.Kho + "/out/sub_fdts/LUO");
        Leave(kernel, "6.18", sessions: 1);
        EmulatedProcess next = machine.Boot();
        Assert.Equal(blob, next.ReadFile(Releases.Kho + "/in/sub_fdts/LUO"));
        Assert.Equal(["LUO"], next.Names(Releases.Kho + "/in/sub_fdts"));
        EmulatedProcess third = machine.Kexec("7.0", Releases.On);
        Assert.Empty(third.Names(Releases.Kho + "/in/sub_fdts"));
        Assert.Equal(1UL, third.LiveUpdateNumber());
    }

    [Fact]
    public void ChunkMap_HoldsLargeAndSmallFolios()
    {
        using EmulatedMachine machine = Releases.Machine("6.19");
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        byte[] content = new byte[(2 << 20) + 5000];
        new Random(3).NextBytes(content);
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith(content).Fd, 1));
        EmulatedProcess next = machine.Kexec("6.19", Releases.On);
        using Descriptor file = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal(content, next.Content(file, content.Length));
    }

    // What the library gives a program that goes from one release to another.
    [Theory]
    [InlineData("6.19", "6.19")]
    [InlineData("7.0", "6.19")]
    [InlineData("7.1", "7.1")]
    [InlineData("7.3", "7.2")]
    public void Library_CarriesAMemfd(string from, string to)
    {
        string image = Path.GetTempFileName();
        try
        {
            EmulatedKernelImage.Write(image, to + ".1");

            using EmulatedMachine machine = Releases.Machine(from);
            int result = machine.Run(kernel => Program(kernel, image));
            Assert.Equal(42, result);
        }
        finally
        {
            File.Delete(image);
        }
    }

    private static int Program(Kernel kernel, string image)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        if (device.TryRetrieveSession("program", out LiveUpdateSession? found))
        {
            using LiveUpdateSession session = found;
            using LuoInterop.Memfd memory = session.RetrieveMemfd(1);
            byte[] read = new byte[1];
            memory.Read(0, read);
            session.Finish();
            return read[0];
        }

        LiveUpdateSession outgoing = device.CreateSession("program");
        using LuoInterop.Memfd kept = LuoInterop.Memfd.Create(kernel, "kept", 4096);
        kept.Write(0, [42]);
        outgoing.Preserve(kept, 1);
        outgoing.HoldUntilKexec();
        device.Dispose();
        KexecImage.Load(kernel, image, null, Releases.On).Reboot();
        return -1;
    }

    private static ulong HeaderOf(PhysicalMemory memory)
    {
        foreach (ulong pfn in memory.PopulatedPages())
        {
            if (memory.Page(pfn)[8..].StartsWith("session 0"u8))
            {
                return pfn << 12;
            }
        }

        throw new InvalidOperationException("There are no sessions in memory.");
    }

    private static PhysicalMemory Leave(EmulatedMachine machine, string to, int sessions = 1) => Leave(machine.Boot(), to, sessions);

    private static PhysicalMemory Leave(EmulatedProcess kernel, string to, int sessions)
    {
        Descriptor device = kernel.OpenDevice();
        for (int i = 0; i < sessions; i++)
        {
            Descriptor session = kernel.Create(device, $"session {i}");
            Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([(byte)i]).Fd, 77));
        }

        Assert.Equal(0, kernel.LoadRelease(to));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        return kernel.Running.Handover.Memory;
    }
}
