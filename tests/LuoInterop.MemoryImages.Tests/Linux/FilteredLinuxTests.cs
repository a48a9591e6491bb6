using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.Kho;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Reads dumps of a kernel to which the preserved files are page cache still: it has written its sessions down, and hangs
/// where it shuts its devices down.</summary>
[Trait("Category", "VM")]
public sealed class LeavingLinuxTests(LeavingLinux linux) : IClassFixture<LeavingLinux>
{
    [Fact]
    public void EveryFile_IsThere_InAllMemory_AndAtLevel1()
    {
        using MemoryImage raw = MemoryImage.Open(linux.PathOf("raw"));
        Rescued.Hold(linux.Made, raw);
        using MemoryImage dump = MemoryImage.Open(Makedumpfile.Write(linux, 1, "-c"));
        Rescued.Hold(linux.Made, dump);
    }

    /// <summary>The filters that take cache take the content, and leave the records: each file is known, and said to be excluded.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(31)]
    public void ContentOfEveryFile_IsExcluded_NotZero(int level)
    {
        using MemoryImage raw = MemoryImage.Open(linux.PathOf("raw"));
        using MemoryImage dump = MemoryImage.Open(Makedumpfile.Write(linux, level, "-c"));
        Assert.Equal((MemoryImageFormat.KdumpCompressed, level), (dump.Format, dump.DumpLevel));
        FoundHandover found = HandoverSearch.Find(dump).Handovers[0];
        Assert.Equal((HandoverStage.Written, 0), (found.Stage, found.Handover.Faults.Count));
        Assert.Equal(
            linux.Made.Select(static session => (session.Name, session.Files.Count)),
            found.Handover.Sessions.Select(static session => (session.Record.Name, session.Files.Count)));
        foreach ((MadeFile file, HandoverMemfd memfd) in linux.Made.SelectMany(static session => session.Files).Zip(
            found.Handover.Sessions.SelectMany(static session => session.Files).Select(static file => file.Memfd!)))
        {
            PageCounts counts = Pages.Hold(memfd, dump, raw);
            Assert.Equal((0UL, 0UL, 0UL), (counts.Zero, counts.Missing, counts.Absent));
            if (!file.Huge)
            {
                Assert.Equal(counts.Total, counts.Excluded);
            }
        }

        // makedumpfile 1.7.2 does not know the folios of this kernel: it takes the first page or two of each, and leaves the others.
        HandoverMemfd huge = found.Handover.Sessions.Single(static session => session.Record.Name == "huge").Files[0].Memfd!;
        ulong[] folios = [.. Pages.Of(huge).Where(static page => page % (2 << 20) == 0)];
        Assert.Equal(32, folios.Length);
        Assert.All(folios, page => Assert.Equal(PageState.Excluded, dump.GetState(page)));
    }
}

/// <summary>Reads dumps of the next kernel when a program has retrieved some of the files: what described all of them is freed.</summary>
[Trait("Category", "VM")]
public sealed class RetrievingLinuxTests(RetrievingLinux linux) : IClassFixture<RetrievingLinux>
{
    /// <summary>The kernel has freed what led to the content: the filter takes it, and a session is not made up. In all memory it can be
    /// there still, until something else is written over it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    public void Records_AreFreed_AndNoSessionIsMadeUp(int level)
    {
        using MemoryImage dump = MemoryImage.Open(level == 0 ? linux.PathOf("raw") : Makedumpfile.Write(linux, level, "-c"));
        IReadOnlyList<FoundHandover> found = HandoverSearch.Find(dump).Handovers;
        HandoverSession[] sessions = [.. found.SelectMany(static one => one.Handover.Sessions)];
        Assert.True(level != 31 || (found[0].Stage == HandoverStage.NotWritten && sessions.Length == 0), $"{sessions.Length} sessions");
        string[] made = [.. linux.Made.Select(static session => session.Name)];
        Assert.All(sessions, session => Assert.Contains(session.Record.Name, made));
    }

    /// <summary>What was retrieved is page cache to the kernel that runs.</summary>
    [Fact]
    public void RetrievedPages_AreExcluded_AtLevel31_AndThere_AtLevel1()
    {
        GuestFile sent = Assert.Single(linux.Files, static file => file.Name == Dumped.Frames);
        ulong[] pages = MemoryMarshal.Cast<byte, ulong>(sent.Content.Span).ToArray();
        Assert.Equal((int)((Sessions.Sizes[^1] + 4095) / 4096), pages.Length);
        using MemoryImage raw = MemoryImage.Open(linux.PathOf("raw"));
        using MemoryImage zeroes = MemoryImage.Open(Makedumpfile.Write(linux, 1, "-c"));
        using MemoryImage all = MemoryImage.Open(Makedumpfile.Write(linux, 31, "-c"));
        Assert.Equal(new PageCounts((ulong)pages.Length, 0, 0, 0, 0), Pages.Hold(pages, zeroes, raw));
        Assert.Equal(new PageCounts(0, 0, (ulong)pages.Length, 0, 0), Pages.Hold(pages, all, raw));
        MadeFile made = linux.Made.Single(static session => session.Name == Dumped.Retrieved).Files[^1];
        byte[] content = new byte[pages.Length * MemoryImage.PageSize];
        foreach ((int i, ulong page) in pages.Index())
        {
            Assert.True(zeroes.TryRead(page, content.AsSpan(i * MemoryImage.PageSize, MemoryImage.PageSize)));
        }

        Assert.Equal(made.Sha256, $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content.AsSpan(0, (int)made.Size)))}");
    }
}

/// <summary>Compares the pages of a file in a dump with all memory of the same moment.</summary>
internal static class Pages
{
    private const int Size = MemoryImage.PageSize;

    /// <summary>Holds that each page is what it is in memory, or said to be excluded, and counts them.</summary>
    public static PageCounts Hold(HandoverMemfd memfd, MemoryImage dump, MemoryImage raw) => Hold(Of(memfd), dump, raw);

    /// <summary>Holds the same of pages by their addresses.</summary>
    public static PageCounts Hold(IEnumerable<ulong> pages, MemoryImage dump, MemoryImage raw)
    {
        PageCounts all = default;
        byte[] expected = new byte[Size];
        byte[] actual = new byte[Size];
        foreach (ulong at in pages)
        {
            Assert.True(raw.TryRead(at, expected));
            if (dump.TryRead(at, actual))
            {
                Assert.Equal(expected, actual);
            }
            else
            {
                Assert.Equal($"excluded by the dump's filter (level {dump.DumpLevel})", dump.Explain(at));
            }

            all += dump.Count(at, 1);
        }

        return all;
    }

    /// <summary>Gets the pages of a file.</summary>
    public static IEnumerable<ulong> Of(HandoverMemfd memfd)
    {
        foreach (HandoverExtent extent in memfd.Extents())
        {
            for (ulong at = extent.Address & ~(Size - 1UL); at < extent.Address + extent.Length; at += Size)
            {
                yield return at;
            }
        }
    }
}
