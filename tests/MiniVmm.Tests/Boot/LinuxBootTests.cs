using System.Text;
using MiniVmm.Boot;
using MiniVmm.Memory;
using Xunit;

namespace MiniVmm.Tests.Boot;

/// <summary>Proves that a kernel lies in RAM as the boot protocol says.</summary>
public sealed class LinuxBootTests
{
    private const ulong E820 = LinuxBoot.BootParams + 0x2d0;

    [Fact]
    public void Load_OfAKernel_FollowsTheProtocol()
    {
        byte[] kernel = KernelFile.Make();
        byte[] initrd = [.. Enumerable.Range(0, 10_000).Select(static i => (byte)i)];
        using GuestRam ram = Guest.Ram(64 * Guest.MiB);

        BootEntry entry = LinuxBoot.Load(ram, kernel, initrd, "console=ttyS0 quiet", 2);

        Assert.Equal(KernelFile.PrefAddress + 0x200, entry.Rip);
        Assert.Equal((LinuxBoot.BootParams, 0UL, 0UL), (entry.Rsi, entry.Rdi, entry.Rsp));
        Assert.Equal(kernel.AsSpan(KernelFile.Payload), ram.At(KernelFile.PrefAddress, KernelFile.PayloadLength));

        ulong zeroPage = entry.Rsi;
        Assert.Equal(kernel.AsSpan(0x212, 2), ram.At(zeroPage + 0x212, 2));
        Assert.Equal("HdrS"u8, ram.At(zeroPage + 0x202, 4));
        Assert.Equal(0x1234_5678u, ram.U32(zeroPage + 0x268));
        Assert.Equal(-1, ram.At(zeroPage, 0x1e8).IndexOfAnyExcept((byte)0));
        Assert.Equal(0, ram.U8(zeroPage + 0x1ef));
        Assert.Equal(0, ram.U8(zeroPage + KernelFile.HeaderEnd));
        Assert.Equal((0xff, 1), (ram.U8(zeroPage + 0x210), ram.U8(zeroPage + 0x211) & 1));
        Assert.Equal(0xffff, ram.U16(zeroPage + 0x1fa));
        Assert.Equal(0UL, ram.U64(zeroPage + 0x250));

        Assert.Equal("console=ttyS0 quiet\0", Encoding.ASCII.GetString(ram.At(ram.U32(zeroPage + 0x228), 20)));
        uint image = ram.U32(zeroPage + 0x218);
        Assert.Equal((uint)initrd.Length, ram.U32(zeroPage + 0x21c));
        Assert.Equal((uint)(64 * Guest.MiB) - 0x3000, image);
        Assert.Equal(initrd.AsSpan(), ram.At(image, initrd.Length));

        Assert.Equal(
            [(0UL, 0x9fc00UL, 1u), (0x9fc00UL, 0x400UL, 2u), (0x10_0000UL, (ulong)(63 * Guest.MiB), 1u)], Memory(ram));
        Assert.Equal("_MP_"u8, ram.At(0x9fc00, 4));
    }

    [Fact]
    public void Load_WithMuchRam_NamesBothRanges_AndKeepsTheInitrdLow()
    {
        byte[] kernel = KernelFile.Make();
        KernelFile.Set32(kernel, 0x22c, 0x3fff_ffff);
        using GuestRam ram = Guest.Ram(5120 * Guest.MiB);

        LinuxBoot.Load(ram, kernel, new byte[5], "", 1);

        Assert.Equal(
            [
                (0UL, 0x9fc00UL, 1u), (0x9fc00UL, 0x400UL, 2u), (0x10_0000UL, 0xbff0_0000UL, 1u), (0x1_0000_0000UL, 0x8000_0000UL, 1u),
            ],
            Memory(ram));
        Assert.Equal(0x3fff_f000u, ram.U32(LinuxBoot.BootParams + 0x218));
    }

    [Fact]
    public void Load_WithoutInitrd_NamesNone()
    {
        using GuestRam ram = Guest.Ram(32 * Guest.MiB);

        LinuxBoot.Load(ram, KernelFile.Make(), [], "", 1);

        Assert.Equal((0u, 0u), (ram.U32(LinuxBoot.BootParams + 0x218), ram.U32(LinuxBoot.BootParams + 0x21c)));
    }

    [Fact]
    public void Load_OfAKernelWithZeroSetupSectors_TakesFour()
    {
        byte[] kernel = KernelFile.Make();
        kernel[0x1f1] = 0;
        KernelFile.Set32(kernel, 0x1f4, (KernelFile.PayloadLength - 512) / 16);
        using GuestRam ram = Guest.Ram(32 * Guest.MiB);

        LinuxBoot.Load(ram, kernel, [], "", 1);

        Assert.Equal(kernel.AsSpan(KernelFile.Payload + 512), ram.At(KernelFile.PrefAddress, KernelFile.PayloadLength - 512));
    }

    [Fact]
    public void Load_WhatJustFits_IsLoaded()
    {
        long size = (long)KernelFile.PrefAddress + KernelFile.InitSize + 0x1000;
        using GuestRam ram = Guest.Ram(size);

        LinuxBoot.Load(ram, KernelFile.Make(), new byte[0x1000], new string('x', 2047), 1);

        Assert.Equal((uint)size - 0x1000, ram.U32(LinuxBoot.BootParams + 0x218));
        Assert.Equal(0, ram.U8(LinuxBoot.CommandLine + 2047));
    }

    private static List<(ulong Start, ulong Length, uint Type)> Memory(GuestRam ram) =>
        [.. Enumerable.Range(0, ram.U8(LinuxBoot.BootParams + 0x1e8)).Select(i => E820 + ((ulong)i * 20))
            .Select(entry => (ram.U64(entry), ram.U64(entry + 8), ram.U32(entry + 16)))];
}
