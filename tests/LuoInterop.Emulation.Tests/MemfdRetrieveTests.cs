using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves what a retrieved memory file is like (contract 2.4).</summary>
public sealed class MemfdRetrieveTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(MFD_CLOEXEC, 0, 0x01)]
    [InlineData(MFD_ALLOW_SEALING, 0, 0x00)]
    [InlineData(MFD_ALLOW_SEALING, SealShrink, SealShrink)]
    [InlineData(MFD_ALLOW_SEALING, SealShrink | SealGrow, SealShrink | SealGrow)]
    [InlineData(MFD_ALLOW_SEALING, SealWrite, SealWrite)]
    [InlineData(MFD_ALLOW_SEALING, SealFutureWrite | SealSeal, SealFutureWrite | SealSeal)]
    [InlineData(MFD_ALLOW_SEALING | MFD_EXEC, SealExec, 0x3e)]
    [InlineData(MFD_NOEXEC_SEAL, 0, 0x3e)]
    [InlineData(MFD_NOEXEC_SEAL, SealSeal, 0x3f)]
    [InlineData(MFD_NOEXEC_SEAL, SealGrow, 0x3e)]
    public void Seals_AreThoseOfPreserve_WidenedByExec(uint flags, int added, int expected)
    {
        EmulatedProcess first = _machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "s");
        Descriptor memory = first.MemfdWith(new byte[5000], flags);
        if (added != 0)
        {
            Assert.Equal(0, first.Fcntl(memory, F_ADD_SEALS, added));
        }

        Assert.Equal(0, first.Preserve(session, memory.Fd, 1));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal(expected, next.Fcntl(file, F_GET_SEALS));
        Assert.Equal(0x81FFu, next.Status(file).Mode);
        bool writable = (expected & (SealWrite | SealFutureWrite)) == 0;
        Assert.Equal(writable ? 1 : EPERM, next.PWrite(file, [1], 0));
        Assert.Equal((expected & SealGrow) == 0 ? 0 : EPERM, next.FTruncate(file, 6000));
        Assert.Equal((expected & SealShrink) == 0 ? 0 : EPERM, next.FTruncate(file, 4000));
        nint address = next.MMap(4096, 3, 1, file, 0);
        Assert.Equal(writable, address > 0);
        if (address > 0)
        {
            Assert.Equal(0, next.MUnmap(address, 4096));
        }

        Assert.Equal((expected & SealSeal) == 0 ? 0 : EPERM, next.Fcntl(file, F_ADD_SEALS, SealShrink));
        Assert.Equal((expected & SealExec) == 0 ? 0 : EPERM, next.FChmod(file, 0x1B6));
        Assert.Equal(0, next.FChmod(file, (expected & SealExec) == 0 ? 0x180u : 0x1C9u));
        Assert.Equal((expected & SealExec) == 0 ? 0x8180u : 0x81C9u, next.Status(file).Mode);
    }

    [Fact]
    public void WidenedFile_IsCarriedOnWithItsSeals()
    {
        Kernel kernel = _machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Descriptor memory = kernel.MemfdWith([1, 2, 3], MFD_NOEXEC_SEAL | MFD_ALLOW_SEALING);
        Assert.Equal(0, kernel.Fcntl(memory, F_ADD_SEALS, SealSeal));
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        for (int i = 0; i < 2; i++)
        {
            kernel = _machine.Kexec();
            Descriptor device = kernel.OpenDevice();
            Descriptor retrieved = kernel.RetrieveSession(device, "s");
            Descriptor file = kernel.Retrieve(retrieved, 1);
            Assert.Equal(0x3f, kernel.Fcntl(file, F_GET_SEALS));
            Assert.Equal([1, 2, 3], kernel.Content(file, 3));
            Assert.Equal(0, kernel.Finish(retrieved));
            retrieved.Dispose();
            Assert.Equal(0, kernel.Preserve(kernel.Create(device, "s"), file.Fd, 1));
        }
    }

    [Fact]
    public void MappingOfTheDeadKernel_DoesNotHinderTheSeals()
    {
        EmulatedProcess first = _machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "s");
        Descriptor memory = first.MemfdWith(new byte[4096], MFD_NOEXEC_SEAL | MFD_ALLOW_SEALING);
        nint address = first.MMap(4096, 3, 1, memory, 0);
        Assert.True(address > 0);
        Assert.Equal(0, first.Preserve(session, memory.Fd, 1));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal(0x3e, next.Fcntl(file, F_GET_SEALS));
        Assert.Equal(EPERM, next.PWrite(file, [1], 0));
        Assert.Equal(EPERM, next.MMap(4096, 3, 1, file, 0));
        Assert.Equal(0, first.MUnmap(address, 4096));
    }

    [Fact]
    public void Retrieved_IsANewDescription_WithItsOwnPosition()
    {
        EmulatedProcess first = _machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "s");
        Descriptor memory = first.MemfdWith([1, 2, 3]);
        Assert.Equal(1, first.LSeek(memory, 1, SeekOrigin.Begin));
        Assert.Equal(0, first.Preserve(session, memory.Fd, 1));
        EmulatedProcess next = _machine.Kexec();
        Descriptor device = next.OpenDevice();
        using Descriptor retrieved = next.RetrieveSession(device, "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal(2, next.LSeek(file, 1, SeekOrigin.Current));
        Assert.Equal(1, Kernel.Linux.LSeek(memory, 0, SeekOrigin.Current));

        // Not frozen any more.
        Assert.Equal(0, next.FTruncate(file, 100));
    }

    [Fact]
    public void FoliosOutOfOrder_AreCopiedIntoOneFile_AndALostFolioIsEio()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = 0 });
        EmulatedProcess first = machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "s");
        byte[] content = new byte[3 * 4096];
        new Random(3).NextBytes(content);
        Assert.Equal(0, first.Preserve(session, first.MemfdWith(content).Fd, 1));
        Assert.Equal(0, first.Preserve(session, first.MemfdWith(content).Fd, 2));
        LuoInterop.Emulation.Kho.PhysicalMemory memory = first.Running.Handover.Memory;
        foreach (LuoInterop.Emulation.Kho.FolioRange range in memory.Folios)
        {
            ulong head = (range.FirstPfn & ((1UL << 52) - 1)) | (3UL << 52);
            foreach (ulong page in memory.PopulatedPages().ToArray())
            {
                Span<byte> bytes = memory.Page(page);
                if (BitConverter.ToUInt64(bytes) != head || BitConverter.ToUInt64(bytes[8..]) != 0)
                {
                    continue;
                }

                // The first file's pages change places; the second file's last page is one that nobody preserved.
                if (range == memory.Folios.First())
                {
                    bytes[8] = 1;
                    bytes[24] = 0;
                }
                else
                {
                    BitConverter.TryWriteBytes(bytes[32..], head + 100_000);
                }
            }
        }

        EmulatedProcess next = machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        int[] results = [next.TryRetrieve(retrieved, 1, out int fd1), next.TryRetrieve(retrieved, 2, out int fd2)];
        Assert.Equal([EIO, 0], results.Order());
        using var file = new Descriptor(next, Math.Max(fd1, fd2));
        byte[] swapped = [.. content[4096..8192], .. content[..4096], .. content[8192..]];
        Assert.Equal(swapped, next.Content(file, content.Length));
        Assert.Equal(EIO, next.TryRetrieve(retrieved, results[0] == EIO ? 1UL : 2UL, out _));
        Assert.Equal(0, next.Finish(retrieved));

        // The page that no record names stays reserved until the next boot.
        Assert.Single(next.Running.Handover.Memory.Folios);
        Assert.Empty(machine.Kexec().Running.Handover.Memory.Folios);
    }
}
