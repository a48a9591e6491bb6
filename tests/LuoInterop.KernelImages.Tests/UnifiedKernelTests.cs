using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Shows what is read of a UKI: the kernel inside, its command line, its profiles, and whether it has a signature.</summary>
public sealed class UnifiedKernelTests
{
    private static readonly byte[] s_kernel = PackedKernel.BzImage(
        KernelCompression.Zstd, PackedKernel.Vmlinux(["kho-v4", "luo-v5"]), "7.3.4 (a@b) #1");

    private static readonly byte[] s_other = PackedKernel.BzImage(
        KernelCompression.Gzip, PackedKernel.Vmlinux(["kho-v5"]), "7.4.0 (a@b) #1");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Kernel_IsTheOneInside(bool isSigned)
    {
        KernelImage image = KernelImage.Read(PackedKernel.Pe(
            isSigned,
            (".text", new byte[3000]),
            (".uname", "7.3.4"u8.ToArray()),
            (".cmdline", "kho=on liveupdate=on\n\0"u8.ToArray()),
            (".initrd", new byte[777]),
            (".linux", s_kernel)));
        Assert.Equal((KernelImageFormat.UnifiedKernelImage, KernelImageFormat.BzImage), (image.Format, image.KernelFormat));
        Assert.Equal((KernelCompression.Zstd, "7.3.4", isSigned), (image.Compression, image.Release, image.IsSigned));
        Assert.Equal(["kho-v4", "luo-v5"], image.CompatibleTexts);
        Assert.Equal("kho=on liveupdate=on", image.Unified!.CommandLine);
        Assert.Equal(("7.3.4", 777L), (image.Unified.Uname, image.Unified.InitrdBytes));
        Assert.Equal((0, false), (image.Unified.Profile, image.Unified.IsKernelOfProfile));
        Assert.Empty(image.Unified.Profiles);
    }

    [Fact]
    public void Profile_HasItsOwn_AndElseWhatIsCommon()
    {
        byte[] file = PackedKernel.Pe(
            false,
            (".linux", s_kernel),
            (".cmdline", "liveupdate=on"u8.ToArray()),
            (".profile", "ID=main\nTITLE=Usual"u8.ToArray()),
            (".profile", "ID=off"u8.ToArray()),
            (".cmdline", "liveupdate=off"u8.ToArray()),
            (".profile", "ID=other"u8.ToArray()),
            (".linux", s_other));
        UnifiedKernel[] found = [.. Enumerable.Range(0, 3).Select(profile => Read(profile).Unified!)];
        Assert.Equal(["liveupdate=on", "liveupdate=off", "liveupdate=on"], found.Select(static unified => unified.CommandLine));
        Assert.Equal([false, false, true], found.Select(static unified => unified.IsKernelOfProfile));
        Assert.All(found, static unified => Assert.Equal(["ID=main\nTITLE=Usual", "ID=off", "ID=other"], unified.Profiles));
        Assert.Equal(["7.3.4", "7.3.4", "7.4.0"], Enumerable.Range(0, 3).Select(profile => Read(profile).Release));
        Assert.Equal(KernelImageError.NothingInside, Assert.Throws<KernelImageException>(() => Read(3)).Error);

        KernelImage Read(int profile) => KernelImage.Read(file, new KernelImageOptions { Profile = profile });
    }

    [Fact]
    public void EfiProgramWithoutAKernel_IsNone()
    {
        var error = Assert.Throws<KernelImageException>(() => KernelImage.Read(PackedKernel.Pe(false, (".text", new byte[100]))));
        Assert.Equal(KernelImageError.NothingInside, error.Error);
    }

    [Fact]
    public void SectionPastTheEnd_IsCut()
    {
        byte[] file = PackedKernel.Pe(false, (".linux", s_kernel));
        var error = Assert.Throws<KernelImageException>(() => KernelImage.Read(file[..^(file.Length / 2)]));
        Assert.Equal(KernelImageError.Cut, error.Error);
    }

    /// <summary>One that holds another UKI is no kernel, and ends nowhere deeper.</summary>
    [Fact]
    public void UkiInAUki_IsRefused()
    {
        byte[] inner = PackedKernel.Pe(false, (".linux", s_kernel));
        Assert.Equal(
            KernelImageError.NothingInside,
            Assert.Throws<KernelImageException>(() => KernelImage.Read(PackedKernel.Pe(false, (".linux", inner)))).Error);
    }
}
