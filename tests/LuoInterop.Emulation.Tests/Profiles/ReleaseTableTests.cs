using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Proves, rule by rule, what every release does (contract, section 4). The tables are written out,
/// not asked of the code.</summary>
public class ReleaseTableTests
{
    [Theory]
    [InlineData("6.18", false)]
    [InlineData("6.19", true)]
    [InlineData("7.0", true)]
    [InlineData("7.1", true)]
    [InlineData("7.2", true)]
    [InlineData("7.3", true)]
    public void Device_IsThere_AndTheLibrarySaysWhyNot(string release, bool luo)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(luo, LiveUpdateDevice.TryOpen(kernel, out LiveUpdateDevice? device, out LiveUpdateAvailability availability));
        Assert.Equal(luo ? LiveUpdateUnavailableReason.None : LiveUpdateUnavailableReason.NotBuilt, availability.Reason);
        device?.Dispose();
    }

    // The tree that goes to the next kernel; LUO's blob is a device tree to 7.1, and a structure after it.
    [Theory]
    [InlineData("6.18", "kho-v1", "", null)]
    [InlineData("6.19", "kho-v1", "LUO", "luo-v1")]
    [InlineData("7.0", "kho-v1", "LUO", "luo-v1")]
    [InlineData("7.1", "kho-v3", "LUO kexec-metadata", "luo-v1")]
    [InlineData("7.2", "kho-v4", "LUO kexec-metadata", "luo-v5")]
    [InlineData("7.3", "kho-v4", "LUO kexec-metadata", "luo-v5")]
    public void Tree_HasTheReleasesForm(string release, string compatible, string subtrees, string? luo)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        var kho = new KhoDebugFs(kernel);
        if (luo is not null)
        {
            LuoState state = kho.ReadLuo(KhoDirection.Out).Value;
            Assert.Equal((luo, 1UL), (state.Compatible, state.LiveUpdateNumber));
            Assert.Equal(release != "6.19", state.Flbs != 0);
        }

        EmulatedProcess next = machine.Kexec(release, Releases.On);
        Assert.Equal(
            subtrees.Split(' ', StringSplitOptions.RemoveEmptyEntries), next.Names(Releases.Kho + "/in/sub_fdts"));
        KhoReading<KhoTree> tree = new KhoDebugFs(next).ReadTree(KhoDirection.In);
        Assert.Equal(compatible, tree.Format ?? tree.Value.Compatible);

        // To 7.1 the blob of the previous kernel stays where debugfs shows it; later it is freed before.
        KhoState incoming = new KhoDebugFs(next).ReadLuo(KhoDirection.In).State;
        Assert.Equal(luo switch { null => KhoState.Absent, "luo-v1" => KhoState.Present, _ => KhoState.Stale }, incoming);
    }

    [Theory]
    [InlineData("6.19", 819, ENOMEM)]
    [InlineData("7.0", 819, ENOMEM)]
    [InlineData("7.1", 819, ENOMEM)]
    [InlineData("7.2", 2000, 0)]
    [InlineData("7.3", 2000, 0)]
    public void Sessions_AreLimited_AndAllOfThemArrive(string release, int sessions, int oneMore)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        for (int i = 0; i < sessions; i++)
        {
            Assert.Equal(0, kernel.TryCreate(device, $"session {i}", out _));
        }

        Assert.Equal(oneMore, kernel.TryCreate(device, "one more", out int fd));
        if (oneMore == 0)
        {
            Assert.Equal(0, kernel.Close(fd));
        }

        EmulatedProcess next = machine.Kexec(release, Releases.On);
        Descriptor nextDevice = next.OpenDevice();
        for (int i = 0; i < sessions; i++)
        {
            Assert.Equal(0, next.TryRetrieveSession(nextDevice, $"session {i}", out _));
        }
    }

    // The check for room comes before the descriptor is looked at.
    [Theory]
    [InlineData("6.19", 128, ENOSPC)]
    [InlineData("7.0", 128, ENOSPC)]
    [InlineData("7.1", 128, ENOSPC)]
    [InlineData("7.2", 200, EBADF)]
    [InlineData("7.3", 200, EBADF)]
    public void Files_AreLimited_AndAllOfThemArrive(string release, int files, int badDescriptor)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        for (int i = 0; i < files; i++)
        {
            using Descriptor file = kernel.MemfdWith([(byte)i, 1, 2]);
            Assert.Equal(0, kernel.Preserve(session, file.Fd, (ulong)i));
        }

        Assert.Equal(EEXIST, kernel.Preserve(session, -1, 1));
        Assert.Equal(badDescriptor, kernel.Preserve(session, -1, 1000));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        for (int i = files - 1; i >= 0; i--)
        {
            using Descriptor file = next.Retrieve(retrieved, (ulong)i);
            Assert.Equal([(byte)i, 1, 2], next.Content(file, 3));
        }
    }

    [Theory]
    [InlineData("6.19", false)]
    [InlineData("7.0", false)]
    [InlineData("7.1", false)]
    [InlineData("7.2", true)]
    [InlineData("7.3", true)]
    public void CreateSession_LooksAtTheName(string release, bool checks)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Assert.Equal(checks ? EINVAL : 0, kernel.TryCreate(device, "", out _));
        Assert.Equal(checks ? EINVAL : 0, kernel.TryCreate(device, new string('n', 64), out int fd));
        if (checks)
        {
            return;
        }

        // Cut to 63 bytes, under which it is found again; 64 are another name, as they were here.
        Assert.Equal("anon_inode:[luo_session] " + new string('n', 63), kernel.Link(new Descriptor(kernel, fd)));
        Assert.Equal(EEXIST, kernel.TryCreate(device, new string('n', 63), out _));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        Descriptor nextDevice = next.OpenDevice();
        Assert.Equal(ENOENT, next.TryRetrieveSession(nextDevice, new string('n', 64), out _));
        Assert.Equal(0, next.TryRetrieveSession(nextDevice, new string('n', 63), out _));
        Assert.Equal(0, next.TryRetrieveSession(nextDevice, "", out _));
    }

    [Theory]
    [InlineData("6.19", EINVAL)]
    [InlineData("7.0", EINVAL)]
    [InlineData("7.1", EINVAL)]
    [InlineData("7.2", 0)]
    [InlineData("7.3", 0)]
    public void GetName_IsThere(string release, int result)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(result, kernel.Ioctl(session, GetNameNumber, NameStructure("").AsSpan()));

        // An older kernel does not know the number, whatever the type: no ENOTTY.
        Assert.Equal(result == 0 ? ENOTTY : EINVAL, kernel.Ioctl(session, 0x5400 | (GetNameNumber & 0xff), NameStructure("").AsSpan()));
    }

    [Theory]
    [InlineData("6.19", 0)]
    [InlineData("7.0", 0)]
    [InlineData("7.1", 0)]
    [InlineData("7.2", EINVAL)]
    [InlineData("7.3", EINVAL)]
    public void Finish_LooksAtTheReservedField(string release, int result)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        machine.Boot().Create(machine.Kernel.OpenDevice(), "s");
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal(result, next.Ioctl(session, FinishNumber, new byte[] { 8, 0, 0, 0, 1, 0, 0, 0 }));
    }

    // Seals go over since 7.1; before, the new file cannot be sealed at all.
    [Theory]
    [InlineData("6.19", SealSeal)]
    [InlineData("7.0", SealSeal)]
    [InlineData("7.1", SealShrink | SealGrow)]
    [InlineData("7.2", SealShrink | SealGrow)]
    [InlineData("7.3", SealShrink | SealGrow)]
    public void Seals_OfTheRetrievedFile(string release, int seals)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Descriptor file = kernel.MemfdWith([1, 2, 3]);
        Assert.Equal(0, kernel.Fcntl(file, F_ADD_SEALS, SealShrink | SealGrow));
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([4]).Fd, 2));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor first = next.Retrieve(retrieved, 1);
        using Descriptor second = next.Retrieve(retrieved, 2);
        Assert.Equal([1, 2, 3], next.Content(first, 3));
        Assert.Equal(seals, next.Fcntl(first, F_GET_SEALS));
        Assert.Equal(seals == SealSeal ? SealSeal : 0, next.Fcntl(second, F_GET_SEALS));
        Assert.Equal(seals == SealSeal ? EPERM : 0, next.Fcntl(second, F_ADD_SEALS, SealGrow));

        // What the old seals forbade is allowed where they are lost.
        Assert.Equal(seals == SealSeal ? 0 : EPERM, next.FTruncate(first, 8192));
    }

    // Without seals F_SEAL_EXEC is lost too, and with it what makes the new file read-only for ever.
    [Theory]
    [InlineData("6.19", SealSeal, 1)]
    [InlineData("7.0", SealSeal, 1)]
    [InlineData("7.1", 0x3e, EPERM)]
    [InlineData("7.2", 0x3e, EPERM)]
    public void ExecSeal_OfTheRetrievedFile(string release, int seals, int written)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([1, 2], MFD_CLOEXEC | MFD_NOEXEC_SEAL).Fd, 1));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor file = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal((seals, 0x1ffU), (next.Fcntl(file, F_GET_SEALS), next.Status(file).Mode & 0xfff));
        Assert.Equal(written, next.PWrite(file, [7], 1));
        Assert.Equal([1, (byte)(written == 1 ? 7 : 2)], next.Content(file, 2));
    }

    // 2^32 + 2 pages: refused since 7.1; before, the number of pages loses its upper bits, and two of them go over.
    [Theory]
    [InlineData("6.19", 0)]
    [InlineData("7.0", 0)]
    [InlineData("7.1", EFBIG)]
    [InlineData("7.2", EFBIG)]
    [InlineData("7.3", EFBIG)]
    public void MoreThanUintMaxPages(string release, int result)
    {
        const long Size = (1L << 44) + 8192;
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor whole = kernel.Memfd(size: 1L << 44);
        Assert.Equal(result == 0 ? EINVAL : EFBIG, kernel.Preserve(session, whole.Fd, 2));
        using Descriptor file = kernel.Memfd(size: Size);
        Assert.Equal(2, kernel.PWrite(file, [7, 8], 4096));
        Assert.Equal(1, kernel.PWrite(file, [9], 8192));
        Assert.Equal(result, kernel.Preserve(session, file.Fd, 1));
        if (result != 0)
        {
            return;
        }

        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor retrieved = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal(Size, next.Status(retrieved).Size);
        Assert.Equal([7, 8, 0], next.Content(retrieved, 3, 4096));
        Assert.Equal([0], next.Content(retrieved, 1, 8192));
    }

    [Theory]
    [InlineData("6.18", false)]
    [InlineData("6.19", true)]
    [InlineData("7.0", true)]
    [InlineData("7.1", true)]
    [InlineData("7.2", true)]
    [InlineData("7.3", true)]
    public void LoadedImage_IsShownInSysfs(string release, bool folder)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, kernel.LoadRelease(release));
        Assert.Equal("1\n", kernel.ReadText("/sys/kernel/kexec_loaded"));
        if (folder)
        {
            Assert.Equal("1\n", kernel.ReadText("/sys/kernel/kexec/loaded"));
        }
        else
        {
            Assert.Equal(ENOENT, kernel.Open("/sys/kernel/kexec/loaded", O_RDONLY));
        }
    }
}
