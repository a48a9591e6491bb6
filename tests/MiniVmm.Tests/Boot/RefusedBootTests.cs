using MiniVmm.Boot;
using MiniVmm.Memory;
using Xunit;

namespace MiniVmm.Tests.Boot;

/// <summary>Proves that what cannot be booted is refused with the reason, whatever the bytes.</summary>
public sealed class RefusedBootTests
{
    [Fact]
    public void Load_OfNoKernel_IsRefused()
    {
        RefusedFor("not a bzImage", []);
        RefusedFor("not a bzImage", [0x7f, .. "ELF"u8, .. new byte[100_000]]);
        RefusedFor("not a bzImage", new byte[100_000]);
        Refused("not a bzImage", static kernel => kernel[0x202]++);
        Refused("not a bzImage", static kernel => kernel[0x1fe]++);
    }

    [Fact]
    public void Load_WithoutA64BitEntry_IsRefused()
    {
        Refused("2.11", static kernel => KernelFile.Set16(kernel, 0x206, 0x020b));
        Refused("no 64-bit entry", static kernel => kernel[0x236] &= 0xfe);
        Refused("no 64-bit entry", static kernel => kernel[0x211] = 0);
    }

    [Fact]
    public void Load_OfAKernelThatContradictsItself_IsRefused()
    {
        Refused("setup header ends at 0x202", static kernel => kernel[0x201] = 0);
        Refused("setup header ends at 0x301", static kernel => kernel[0x201] = 0xff);
        Refused("is cut", static kernel => KernelFile.Set32(kernel, 0x1f4, 0));
        Refused("is cut", static kernel => KernelFile.Set32(kernel, 0x1f4, (KernelFile.PayloadLength / 16) + 1));
        Refused("is cut", static kernel => KernelFile.Set32(kernel, 0x1f4, uint.MaxValue));
        Refused("is cut", static kernel => kernel[0x1f1] = 255);
        Refused("cannot be loaded", static kernel => KernelFile.Set32(kernel, 0x230, 0));
        Refused("cannot be loaded", static kernel => KernelFile.Set32(kernel, 0x230, 3 << 20));
        Refused("cannot be loaded at 0x0", static kernel => KernelFile.Set32(kernel, 0x258, 0));
        Refused("cannot be loaded", static kernel => KernelFile.Set32(kernel, 0x258, 0x100_0001));
        Refused("more than", static kernel => KernelFile.Set32(kernel, 0x260, KernelFile.PayloadLength - 1));
    }

    [Fact]
    public void Load_IntoTooLittleRam_IsRefused()
    {
        Refused("too large for the RAM", static kernel => KernelFile.Set32(kernel, 0x260, uint.MaxValue));
        Refused("too large for the RAM", static kernel => kernel.AsSpan(0x25d, 3).Fill(0xff));
        using GuestRam ram = Guest.Ram((long)KernelFile.PrefAddress + KernelFile.InitSize - 4096);
        Assert.Contains("too large for the RAM", Message(ram, KernelFile.Make(), [], ""), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfTooLongACommandLine_IsRefused()
    {
        using GuestRam ram = Guest.Ram(32 * Guest.MiB);
        Assert.Contains("2048 bytes", Message(ram, KernelFile.Make(), [], new string('x', 2048)), StringComparison.Ordinal);
        Assert.Contains("NUL", Message(ram, KernelFile.Make(), [], "a\0b"), StringComparison.Ordinal);
        byte[] kernel = KernelFile.Make();
        KernelFile.Set32(kernel, 0x238, uint.MaxValue);
        Assert.Contains("takes 65535", Message(ram, kernel, [], new string('x', 65536)), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfTooLargeAnInitrd_IsRefused()
    {
        using GuestRam ram = Guest.Ram((long)KernelFile.PrefAddress + KernelFile.InitSize + 0x1000);
        Assert.Contains("initrd does not fit", Message(ram, KernelFile.Make(), new byte[0x1001], ""), StringComparison.Ordinal);
        byte[] kernel = KernelFile.Make();
        KernelFile.Set32(kernel, 0x22c, (uint)KernelFile.PrefAddress);
        Assert.Contains("initrd does not fit", Message(ram, kernel, new byte[1], ""), StringComparison.Ordinal);
        KernelFile.Set32(kernel, 0x22c, 0);
        Assert.Contains("initrd does not fit", Message(ram, kernel, new byte[1], ""), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAnyHeader_LoadsOrSaysWhyNot()
    {
        Random random = new(1);
        int loaded = 0;
        using GuestRam ram = Guest.Ram(32 * Guest.MiB);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] kernel = KernelFile.Make();
            for (int j = random.Next(3); j >= 0; j--)
            {
                kernel[random.Next(0x1f1, 0x26c)] = (byte)random.Next(256);
            }

            byte[] file = kernel[..^(random.Next(4) == 0 ? random.Next(kernel.Length) : 0)];
            try
            {
                BootEntry entry = LinuxBoot.Load(ram, file, new byte[random.Next(5000)], "x", 1);
                Assert.InRange(entry.Rip, LinuxBoot.HighMemory, ram.Low.End);
                loaded++;
            }
            catch (BootImageException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }

        Assert.InRange(loaded, 1000, 19_000);
    }

    private static void Refused(string reason, Action<byte[]> change)
    {
        byte[] kernel = KernelFile.Make();
        change(kernel);
        RefusedFor(reason, kernel);
    }

    private static void RefusedFor(string reason, byte[] kernel)
    {
        using GuestRam ram = Guest.Ram(32 * Guest.MiB);
        Assert.Contains(reason, Message(ram, kernel, [], ""), StringComparison.Ordinal);

        // Nothing was written.
        Assert.Equal(0, ram.Low.File.Status.Blocks);
    }

    private static string Message(GuestRam ram, byte[] kernel, byte[] initrd, string commandLine) =>
        Assert.Throws<BootImageException>(() => LinuxBoot.Load(ram, kernel, initrd, commandLine, 1)).Message;
}
