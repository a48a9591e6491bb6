using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Holds a machine between two kernels, with records of every kind in its memory.</summary>
internal sealed class HandedOver : IDisposable
{
    public const string First = "alpha", Empty = "beta";
    public const ulong Sealed = 7, Moved = 8, Nothing = 9;

    // A session that nobody refers to could be finalized, which ends it.
    private readonly List<Descriptor> _open = [];
    private readonly List<string> _names = [];

    /// <param name="sessions">Further sessions of one file each.</param>
    /// <param name="files">Further files of the first session.</param>
    /// <param name="hugeBytes">The size of a file of the last session; 0 for no such session.</param>
    public HandedOver(int sessions = 0, int files = 0, int hugeBytes = 0)
    {
        // The pages of small files are folios of their own, which a test can take apart.
        Machine = new EmulatedMachine(new EmulatedMachineOptions { MemorySize = 256 << 20, LargestFolioOrder = hugeBytes > 0 ? 9 : 0 });
        EmulatedProcess kernel = Machine.Boot();
        Descriptor device = Keep(kernel.OpenDevice());
        Descriptor first = Add(kernel, device, First);
        Descriptor sealedFile = kernel.MemfdWith([1, 2, 3]);
        Assert.Equal(0, kernel.Fcntl(sealedFile, F_ADD_SEALS, SealShrink | SealGrow));
        Preserve(kernel, first, sealedFile, Sealed);
        byte[] content = new byte[5000];
        new Random(1).NextBytes(content);
        Descriptor moved = kernel.MemfdWith(content);
        Assert.Equal(17, kernel.LSeek(moved, 17, SeekOrigin.Begin));
        Preserve(kernel, first, moved, Moved);
        Preserve(kernel, first, kernel.Memfd(), Nothing);
        for (int i = 0; i < files; i++)
        {
            Preserve(kernel, first, kernel.MemfdWith([(byte)i]), 100UL + (ulong)i);
        }

        Add(kernel, device, Empty);
        for (int i = 0; i < sessions; i++)
        {
            Preserve(kernel, Add(kernel, device, $"session-{i}"), kernel.MemfdWith([(byte)i]), 0);
        }

        if (hugeBytes > 0)
        {
            Preserve(kernel, Add(kernel, device, "huge"), kernel.Memfd(size: hugeBytes), 0);
        }

        Previous = kernel.Running.Handover;
        Assert.Equal(0, kernel.Load());
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        _open.ForEach(static descriptor => descriptor.Dispose());

        Records = HandoverReader.Read(Memory, Machine.Handover!.Value.FdtAddress);
    }

    public EmulatedMachine Machine { get; }

    public PhysicalMemory Memory => Machine.Memory;

    /// <summary>Gets the dead kernel's KHO, which can still preserve pages.</summary>
    public KexecHandover Previous { get; }

    /// <summary>Gets what was handed over, before it was changed.</summary>
    public Handover Records { get; }

    public IReadOnlyList<string> Names => _names;

    /// <summary>Gets the address of a sub-tree's blob.</summary>
    public ulong Blob(string name) => Records.Tree.SubTrees.Single(tree => tree.Name == name).PreservedData!.Value;

    /// <summary>Gets a file of the first session.</summary>
    public HandoverFile File(ulong token) => Records.Sessions[0].Files.Single(file => file.Record.Token == token);

    /// <summary>Allocates a page that is preserved.</summary>
    public ulong Preserve() => Previous.AllocatePreserved();

    /// <summary>Changes a structure in memory.</summary>
    public void Change<T>(ulong address, Func<T, T> change)
        where T : struct, IKhoSer<T>
    {
        Span<byte> bytes = Memory.Structure(address, T.SerSize);
        change(T.Read(bytes)).Write(bytes);
    }

    /// <summary>Changes a memfd's record.</summary>
    public void ChangeMemfd(ulong token, Func<MemfdLuoSer, MemfdLuoSer> change) => Change(File(token).Record.Data, change);

    /// <summary>Boots the next kernel and opens its device.</summary>
    public EmulatedProcess Open(out Descriptor device)
    {
        EmulatedProcess kernel = Machine.Boot();
        device = kernel.OpenDevice();
        return kernel;
    }

    /// <summary>Boots the next kernel, whose device is EIO now and for ever.</summary>
    public void AssertEio()
    {
        EmulatedProcess kernel = Machine.Boot();
        Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
    }

    /// <summary>Boots the next kernel, which panics; the one after it is a cold boot and sound.</summary>
    public void AssertPanic(string text)
    {
        Assert.Contains(text, Assert.Throws<EmulatedKernelPanicException>(Machine.Boot).Message, StringComparison.Ordinal);
        using Descriptor device = Machine.Boot().OpenDevice();
    }

    /// <summary>Boots the next kernel, for which nothing was handed over.</summary>
    public void AssertLost()
    {
        EmulatedProcess kernel = Open(out Descriptor device);
        Assert.Equal(ENOENT, kernel.TryRetrieveSession(device, First, out _));
        Assert.Equal(1UL, BitConverter.ToUInt64(kernel.ReadFile("/sys/kernel/debug/kho/out/sub_fdts/LUO"), 8));
        Assert.Empty(Memory.Folios);
        device.Dispose();
    }

    /// <summary>Boots the next kernel, in which a file of the first session fails for ever, and the others do not.</summary>
    public void AssertSticky(ulong token, int error)
    {
        EmulatedProcess kernel = Open(out Descriptor device);
        Descriptor session = kernel.RetrieveSession(device, First);
        Assert.Equal(error, kernel.TryRetrieve(session, token, out _));
        Assert.Equal(error, kernel.TryRetrieve(session, token, out _));
        foreach (HandoverFile file in Records.Sessions[0].Files.Where(file => file.Record.Token != token))
        {
            using Descriptor other = kernel.Retrieve(session, file.Record.Token);
            Assert.Equal((long)file.Memfd!.Record.FileSize, kernel.Status(other).Size);
        }

        Assert.Equal(0, kernel.Finish(session));
        Assert.Equal(ENOENT, kernel.TryRetrieve(session, token, out _));
        session.Dispose();
        device.Dispose();
    }

    public void Dispose() => Machine.Dispose();

    private Descriptor Add(EmulatedProcess kernel, Descriptor device, string name)
    {
        _names.Add(name);
        return Keep(kernel.Create(device, name));
    }

    private void Preserve(EmulatedProcess kernel, Descriptor session, Descriptor file, ulong token) =>
        Assert.Equal(0, kernel.Preserve(session, Keep(file).Fd, token));

    private Descriptor Keep(Descriptor descriptor)
    {
        _open.Add(descriptor);
        return descriptor;
    }
}
