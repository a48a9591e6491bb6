using System.Security.Cryptography;

namespace LuoInterop.Tests.Memory;

/// <summary>Shows that the digest of few bytes is SHA-256, as that of many is.</summary>
public class Sha256DigestTests
{
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void Compute_OfTheStandardsExamples_IsWhatItSays(string text, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(Digest(System.Text.Encoding.ASCII.GetBytes(text))));

    [Fact]
    public void Compute_OfEveryLengthAroundTheBlocks_IsThatOfTheRuntime()
    {
        byte[] bytes = new byte[Sha256Digest.MostBytesHere + 2];
        new Random(1).NextBytes(bytes);
        int[] lengths = [.. Enumerable.Range(0, 300), 4095, 4096, 4097, .. Enumerable.Range(Sha256Digest.MostBytesHere - 2, 5)];
        Assert.All(lengths, length => Assert.Equal(SHA256.HashData(bytes.AsSpan(0, length)), Digest(bytes.AsSpan(0, length))));
    }

    private static byte[] Digest(ReadOnlySpan<byte> bytes)
    {
        byte[] digest = new byte[Sha256Digest.Size];
        Sha256Digest.Compute(bytes, digest);
        return digest;
    }
}
