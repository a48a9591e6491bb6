using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Shows what is read of the sections in which kernels list what they carry, and of configurations.</summary>
public sealed class SectionTests
{
    private static readonly byte[] s_head = [0x50, 0x55, 0x56, 0x4c, 1, 0, 0, 0];

    [Fact]
    public void Versions_AreNames()
    {
        KernelImage image = Read((".liveupdate_versions", [.. s_head, .. Name("memfd-v2"), .. Name("memfd-v1"), .. new byte[48]]));
        Assert.Equal(["memfd-v2", "memfd-v1"], image.LiveUpdateVersions!.Select(static version => version.Name));
        Assert.Null(image.LiveUpdateFeatures);
    }

    [Fact]
    public void Features_AreNamesAndBits()
    {
        byte[] entry = [.. Name("memfd"), 8, 0, 0, 0, 0, 0, 0, 0, .. Word(0xf), .. Word(1), .. Word(3)];
        KernelImage image = Read((".liveupdate_features", [.. s_head, .. entry, .. entry.AsSpan(0, 79)]));
        Assert.Equal([new LiveUpdateFeature("memfd", 0xf, 1, 3)], image.LiveUpdateFeatures);
        Assert.Null(image.LiveUpdateVersions);
    }

    /// <summary>Both have the same magic number: which form one has, its name says.</summary>
    [Fact]
    public void BothSections_AreReadByTheirNames()
    {
        byte[] bytes = [.. s_head, .. Name("memfd-v2"), .. new byte[32]];
        KernelImage image = Read((".liveupdate_versions", bytes), (".liveupdate_features", bytes));
        Assert.Equal("memfd-v2", Assert.Single(image.LiveUpdateVersions!).Name);
        Assert.Equal(new LiveUpdateFeature("memfd-v2", 0, 0, 0), Assert.Single(image.LiveUpdateFeatures!));
    }

    [Theory]
    [InlineData("51555656 01000000")]
    [InlineData("5055564c 02000000")]
    [InlineData("5055564c")]
    public void OtherForms_AreRefused(string bytes)
    {
        byte[] content = Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(KernelImageError.Damaged, Assert.Throws<KernelImageException>(() => Read((".liveupdate_versions", content))).Error);
    }

    [Fact]
    public void Configuration_IsTheBuiltInOne_AndElseTheGivenOne()
    {
        KernelConfiguration given = KernelConfiguration.Parse("CONFIG_LIVEUPDATE=y\n"u8.ToArray(), "given")!;
        var options = new KernelImageOptions { Configuration = given };
        Assert.Same(given, KernelImage.Read(Image(""), options).Configuration);
        KernelImage built = KernelImage.Read(Image("# CONFIG_LIVEUPDATE is not set\n"), options);
        Assert.Equal("the configuration in the image", built.Configuration!.Source);
        Assert.False(built.Configuration.Has("CONFIG_LIVEUPDATE"));
    }

    /// <summary>A configuration at every place around the end of a piece, and texts on both sides of it.</summary>
    [Fact]
    public void Configuration_IsFoundAcrossPieces()
    {
        string more = string.Concat(Enumerable.Range(0, 3000).Select(static i => $"CONFIG_{i * 7919:x}=y\n"));
        byte[] configuration = Built("CONFIG_LIVEUPDATE=y\n" + more);
        foreach (int shift in (int[])[-9, -8, -1, 0, 1, 8, 9, 500])
        {
            byte[] kernel = [.. "\0kho-v4\0"u8, .. new byte[(256 << 10) - 8 + shift], .. configuration, .. "\0luo-v5\0"u8];
            KernelImage image = KernelImage.Read(PackedKernel.BzImage(KernelCompression.None, kernel));
            Assert.True(image.Configuration?.Has("CONFIG_LIVEUPDATE"), $"shift {shift}");
            Assert.Equal(["kho-v4", "luo-v5"], image.CompatibleTexts);
        }
    }

    private static KernelImage Read(params (string Name, byte[] Content)[] sections) =>
        KernelImage.Read(PackedKernel.BzImage(KernelCompression.Gzip, PackedKernel.Vmlinux(["kho-v4"], sections)));

    private static byte[] Image(string configuration) => PackedKernel.BzImage(
        KernelCompression.Gzip, PackedKernel.Vmlinux(["kho-v4"], (".rodata", configuration.Length > 0 ? Built(configuration) : [])));

    private static byte[] Built(string configuration)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.ASCII.GetBytes(configuration));
        }

        return [.. "IKCFG_ST"u8, .. packed.ToArray(), .. "IKCFG_ED"u8];
    }

    private static byte[] Name(string name) => [.. Encoding.ASCII.GetBytes(name), .. new byte[48 - name.Length]];

    private static byte[] Word(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
