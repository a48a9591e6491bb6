using System.Security.Cryptography;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves that the checksum is SHA-256 of the whole content, across the borders of its blocks.</summary>
public class MemfdChecksumTests
{
    private const int Block = 1 << 20;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(Block - 1)]
    [InlineData(Block)]
    [InlineData(Block + 1)]
    public void Sha256_OfAnySize_IsThatOfTheBytes(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        using Memfd file = Memfd.Create(Kernel.Linux, "checksum", size);
        file.Write(0, bytes);
        Assert.Equal("sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)), MemfdChecksum.Sha256(file));
    }

    [Fact]
    public void Sha256_OfAHole_IsThatOfZeros()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "zeros", 5000);
        Assert.Equal("sha256:" + Convert.ToHexStringLower(SHA256.HashData(new byte[5000])), MemfdChecksum.Sha256(file));
    }

    [Fact]
    public void Sha256_OfAWriteSealedFile_IsComputed()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "sealed");
        file.Write(0, "content"u8);
        file.AddSeals(MemfdSeals.Write | MemfdSeals.Grow | MemfdSeals.Shrink);
        Assert.Equal("sha256:" + Convert.ToHexStringLower(SHA256.HashData("content"u8)), MemfdChecksum.Sha256(file));
    }
}
