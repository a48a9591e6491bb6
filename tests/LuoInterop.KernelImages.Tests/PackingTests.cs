using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Shows that a kernel says the same however it is packed, and that damage has a name.</summary>
public sealed class PackingTests
{
    private static readonly string[] s_texts =
        ["Linux version 7.3.4 (a@b) #1 SMP\n", "kho-v4", "luo-v5", "memfd-v2", "liveupdate", "kho_scratch", "xmemfd-v3", "kho-v"];

    public static TheoryData<KernelCompression> Compressions => [.. Enum.GetValues<KernelCompression>()];

    [Theory]
    [MemberData(nameof(Compressions))]
    public void BzImage_SaysTheSame_HoweverItIsPacked(KernelCompression compression)
    {
        byte[] kernel = Kernel();
        KernelImage image = KernelImage.Read(PackedKernel.BzImage(compression, kernel));
        Assert.Equal((KernelImageFormat.BzImage, compression), (image.Format, image.Compression));
        Assert.Equal(KernelArchitecture.X86, image.Architecture);
        Assert.Equal(("7.3.4 (builder@host) #1 SMP", "7.3.4"), (image.Version, image.Release));
        Assert.Equal(kernel.Length, image.KernelBytes);
        Assert.Equal(["kho-v4", "luo-v5", "memfd-v2"], image.CompatibleTexts);
        Assert.Equal((true, true, false), (image.HasLiveUpdate, image.ReadsKhoScratch, image.ReadsKhoBootMemory));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void Zboot_IsUnpacked(KernelCompression compression)
    {
        byte[] kernel = PackedKernel.Arm64([.. s_texts, new string('\0', 5000)]);
        KernelImage image = KernelImage.Read(PackedKernel.Zboot(compression, kernel));
        Assert.Equal((KernelImageFormat.EfiZboot, compression), (image.Format, image.Compression));
        Assert.Equal("7.3.4", image.Release);
        Assert.Equal(["kho-v4", "luo-v5", "memfd-v2"], image.CompatibleTexts);
        Assert.Equal((KernelImageFormat.Arm64Image, KernelArchitecture.Arm64), (image.KernelFormat, image.Architecture));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void EveryCut_IsRefusedByName(KernelCompression compression)
    {
        byte[] image = PackedKernel.BzImage(compression, Kernel());
        for (int length = 0; length < image.Length; length += Math.Max(1, (image.Length - length) / 64))
        {
            byte[] cut = image[..length];
            Assert.Throws<KernelImageException>(() => KernelImage.Read(cut));
        }
    }

    /// <summary>The end of the payload is cut, and the header agrees: only what is packed can tell.</summary>
    [Theory]
    [MemberData(nameof(Compressions))]
    public void PayloadThatEndsEarly_IsRefusedByName(KernelCompression compression)
    {
        if (compression == KernelCompression.None)
        {
            // Nothing promises a length: what is there is all.
            Assert.Equal("7.3.4", KernelImage.Read(PackedKernel.BzImage(Kernel()[..^5], "7.3.4 x")).Release);
            return;
        }

        byte[] packed = PackedKernel.Pack(compression, Kernel());
        foreach (int missing in (int[])[1, 2, packed.Length / 2])
        {
            byte[] image = PackedKernel.BzImage([.. packed[..^missing], .. BitConverter.GetBytes(Kernel().Length)], "7.3.4 x");
            var error = Assert.Throws<KernelImageException>(() => KernelImage.Read(image));
            Assert.Contains(error.Error, (KernelImageError[])[KernelImageError.Cut, KernelImageError.Damaged]);
        }
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void MoreThanIsAllowed_IsTooLarge(KernelCompression compression)
    {
        byte[] image = PackedKernel.BzImage(compression, new byte[3 << 20]);
        var error = Assert.Throws<KernelImageException>(
            () => KernelImage.Read(image, new KernelImageOptions { MaximumKernelBytes = 1 << 20 }));
        Assert.Equal(KernelImageError.TooLarge, error.Error);
    }

    [Fact]
    public void FileThatIsPackedAsAWhole_IsUnpacked()
    {
        KernelImage image = KernelImage.Read(PackedKernel.Pack(KernelCompression.Gzip, PackedKernel.Arm64(s_texts)));
        Assert.Equal((KernelImageFormat.Arm64Image, KernelCompression.Gzip, "7.3.4"), (image.Format, image.Compression, image.Release));
        var error = Assert.Throws<KernelImageException>(() => KernelImage.Read(PackedKernel.Pack(KernelCompression.Gzip, new byte[5000])));
        Assert.Equal(KernelImageError.NotAKernel, error.Error);
    }

    [Fact]
    public void ProgramThatIsNoKernel_IsNone()
    {
        var error = Assert.Throws<KernelImageException>(() => KernelImage.Read(PackedKernel.Vmlinux(["kho-v4"])));
        Assert.Equal(KernelImageError.NotAKernel, error.Error);
    }

    /// <summary>A window of 1.5 GiB is refused before there is memory for it.</summary>
    [Fact]
    public void WindowOfXz_IsBounded()
    {
        byte[] packed = PackedKernel.Pack(KernelCompression.Xz, Kernel());

        // The first block's header, whose checksum is not looked at.
        packed[12 + 4] = 37;
        byte[] image = PackedKernel.BzImage([.. packed, 0, 0, 0, 0], "7.3.4 x");
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<KernelImageException>(() => KernelImage.Read(image));
        Assert.Equal(KernelImageError.TooLarge, error.Error);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void DamagedBlockOfXz_FailsItsChecksum()
    {
        byte[] packed = PackedKernel.Pack(KernelCompression.Xz, Kernel());
        packed[packed.Length / 2] ^= 1;
        byte[] image = PackedKernel.BzImage([.. packed, .. BitConverter.GetBytes(Kernel().Length)], "7.3.4 x");
        Assert.Equal(KernelImageError.Damaged, Assert.Throws<KernelImageException>(() => KernelImage.Read(image)).Error);
    }

    /// <summary>Texts are found at every place around the end of a piece that is looked at.</summary>
    [Fact]
    public void Texts_AreFoundAcrossPieces()
    {
        const int Piece = 256 << 10;
        for (int shift = -48; shift <= 48; shift++)
        {
            byte[] kernel = [.. new byte[Piece - 8 + shift], .. "\0memfd-v12\0\0Linux version 7.9.1 x\n\0liveupdate\0"u8, .. new byte[100]];
            KernelImage image = KernelImage.Read(PackedKernel.BzImage(KernelCompression.None, kernel));
            Assert.Equal(["memfd-v12"], image.CompatibleTexts);
            Assert.True(image.HasLiveUpdate);
        }
    }

    // Several blocks of xz, and more than a piece that is looked at.
    private static byte[] Kernel()
    {
        var random = new Random(1);
        byte[] noise = new byte[300_000];
        random.NextBytes(noise.AsSpan(0, 100_000));
        return PackedKernel.Vmlinux([.. s_texts], (".data", noise));
    }
}
