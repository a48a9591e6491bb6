using System.Security.Cryptography;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.Kho;
using Xunit;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Rescues what Linux 7.3 handed over from a kernel that has started: every file's bytes, in every format.</summary>
[Trait("Category", "VM")]
public sealed class LinuxDumpTests(WaitingLinux linux) : IClassFixture<WaitingLinux>
{
    [Fact]
    public void EveryFile_IsThere_InEveryFormat()
    {
        Assert.Superset(new HashSet<string> { "raw", "elf", "kdump-zlib" }, linux.Formats.ToHashSet());
        foreach (string format in linux.Formats)
        {
            using MemoryImage image = MemoryImage.Open(linux.PathOf(format));
            Assert.True(image.IsComplete, format);
            Assert.Equal(format is "kdump-zlib" or "kdump-lzo" or "kdump-snappy", image.IsFlattened);
            Rescued.Hold(linux.Made, image);
        }
    }

    /// <summary>Level 31 takes what the kernel that runs knows as cache, user memory or free: what was handed over is none of these to
    /// it yet.</summary>
    [Theory]
    [InlineData(1, "-l")]
    [InlineData(1, "-c")]
    [InlineData(1, "-F")]
    [InlineData(31, "-c")]
    public void Makedumpfile_KeepsEveryFile_AtEachLevel(int level, string packing)
    {
        using MemoryImage image = MemoryImage.Open(Makedumpfile.Write(linux, level, packing));
        Assert.Equal((MemoryImageFormat.KdumpCompressed, level, packing == "-F"), (image.Format, image.DumpLevel, image.IsFlattened));
        Rescued.Hold(linux.Made, image);
    }
}

/// <summary>Rescues what Linux 7.3 handed over from a kernel that panicked over it.</summary>
[Trait("Category", "VM")]
public sealed class PanickedLinuxTests(PanickedLinux linux) : IClassFixture<PanickedLinux>
{
    [Fact]
    public void EveryFile_IsThere_InEveryFormat()
    {
        Assert.Contains("The incoming tree failed to initialize properly", linux.Console, StringComparison.Ordinal);
        Assert.Superset(new HashSet<string> { "raw", "elf", "kdump-zlib" }, linux.Formats.ToHashSet());
        foreach (string format in linux.Formats)
        {
            using MemoryImage image = MemoryImage.Open(linux.PathOf(format));
            Rescued.Hold(linux.Made, image);
        }
    }
}

/// <summary>Compares what was rescued with what the program told before the jump.</summary>
internal static class Rescued
{
    public static void Hold(IReadOnlyList<MadeSession> made, MemoryImage image)
    {
        FoundHandover found = HandoverSearch.Find(image).Handovers[0];
        Assert.Equal(HandoverStage.Written, found.Stage);
        Assert.Equal(
            made.Select(static session => session.Name), found.Handover.Sessions.Select(static session => session.Record.Name));
        foreach ((MadeSession expected, HandoverSession actual) in made.Zip(found.Handover.Sessions))
        {
            Assert.Equal(expected.Files.Select(static file => file.Token), actual.Files.Select(static file => file.Record.Token));
            foreach ((MadeFile file, HandoverMemfd memfd) in expected.Files.Zip(actual.Files.Select(static file => file.Memfd!)))
            {
                Assert.Equal(
                    ((ulong)file.Size, (uint)file.Seals, (ulong)file.Position),
                    (memfd.Record.FileSize, memfd.Record.Seals, memfd.Record.Pos));
                Assert.Equal(file.Sha256, Content(memfd, image));
            }
        }
    }

    private static string Content(HandoverMemfd memfd, MemoryImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[1 << 20];
        ulong length = 0;
        foreach (HandoverExtent extent in memfd.Extents())
        {
            Assert.Equal(length, extent.Offset);
            for (ulong done = 0; done < extent.Length;)
            {
                Span<byte> part = block.AsSpan(0, (int)Math.Min((ulong)block.Length, extent.Length - done));
                Assert.True(image.TryRead(extent.Address + done, part), image.Explain(extent.Address + done));
                hash.AppendData(part);
                done += (ulong)part.Length;
            }

            length += extent.Length;
        }

        Assert.Equal(memfd.Record.FileSize, length);
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
