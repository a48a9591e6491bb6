using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Reads the kernel that the VM boots, packed again by the tools that the kernel's build uses.</summary>
[Trait("Category", "Kernel")]
public sealed class BuiltKernelTests : IAsyncLifetime
{
    private byte[] _image = [];

    /// <summary>Gets the commands of <c>scripts/Makefile.lib</c> and <c>scripts/xz_wrap.sh</c>, and others of the same tools.</summary>
    public static TheoryData<KernelCompression, string> Tools => new()
    {
        { KernelCompression.Gzip, "gzip -n -f -9" },
        { KernelCompression.Bzip2, "bzip2 -9" },
        { KernelCompression.Lzma, "lzma -9" },
        { KernelCompression.Lzo, "lzop -9" },
        { KernelCompression.Lzo, "lzop -1" },
        { KernelCompression.Lz4, "lz4 -l -9 - -" },
        { KernelCompression.Zstd, "zstd -22 --ultra -T1" },
        { KernelCompression.Zstd, "zstd -1 --no-check" },
        { KernelCompression.Xz, "xz --check=crc32 --x86 --lzma2=dict=32MiB" },
        { KernelCompression.Xz, "xz --check=crc32 --lzma2=preset=0" },
        { KernelCompression.Xz, "xz --check=crc32 --x86 --lzma2=preset=0 -T2 --block-size=999983" },
        { KernelCompression.Xz, "xz --check=sha256 --x86 --lzma2=preset=0" },
        { KernelCompression.Xz, "xz --check=crc64 --lzma2=preset=0" },
    };

    public async Task InitializeAsync() => _image = await File.ReadAllBytesAsync((await KernelBuild.GetAsync()).ImagePath);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Image_IsWhatTheBuildMade()
    {
        KernelImage image = KernelImage.Read(_image);
        Assert.Equal(
            (KernelImageFormat.BzImage, KernelCompression.Gzip, KernelArchitecture.X86),
            (image.Format, image.Compression, image.Architecture));
        Assert.StartsWith("7.3.", image.Release, StringComparison.Ordinal);
        Assert.Equal(["kho-v4"], image.Kho);
        Assert.Equal(["luo-v5"], image.Luo);
        Assert.Equal(["memfd-v2"], image.FileHandlers);
        Assert.Equal((true, true, false), (image.HasLiveUpdate, image.ReadsKhoScratch, image.ReadsKhoBootMemory));
        Assert.Equal((true, true), (image.Configuration!.Has("CONFIG_KEXEC_HANDOVER"), image.Configuration.IsOf(image.Release!)));
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public void PackedAgain_SaysTheSame(KernelCompression compression, string command)
    {
        byte[] kernel = EditedKernel.Unpack(_image);
        string[] words = command.Split(' ');
        byte[] packed = EditedKernel.Run(words[0], words[1..], kernel);
        byte[] length = compression == KernelCompression.Gzip ? [] : BitConverter.GetBytes(kernel.Length);
        AssertIsTheSame(compression, KernelImageFormat.BzImage, KernelImage.Read(EditedKernel.Replace(_image, [.. packed, .. length])));
        AssertIsTheSame(compression, KernelImageFormat.Vmlinux, KernelImage.Read(packed));
    }

    [Fact]
    public void Unpacked_SaysTheSame() =>
        AssertIsTheSame(KernelCompression.None, KernelImageFormat.Vmlinux, KernelImage.Read(EditedKernel.Unpack(_image)));

    /// <summary>Reading costs the window of the unpacker, and little more.</summary>
    [Fact]
    public void Memory_IsThatOfTheWindow()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        KernelImage image = KernelImage.Read(_image);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.True(image.KernelBytes > 8 << 20);
    }

    private void AssertIsTheSame(KernelCompression compression, KernelImageFormat format, KernelImage image)
    {
        KernelImage expected = KernelImage.Read(_image);
        Assert.Equal((format, compression, expected.KernelBytes), (image.Format, image.Compression, image.KernelBytes));
        Assert.Equal(expected.Release, image.Release);
        Assert.Equal(expected.CompatibleTexts, image.CompatibleTexts);
        Assert.Equal(expected.Configuration!.Text("CONFIG_CC_VERSION_TEXT"), image.Configuration!.Text("CONFIG_CC_VERSION_TEXT"));
    }
}
