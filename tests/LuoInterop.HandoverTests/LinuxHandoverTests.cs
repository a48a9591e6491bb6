using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.HandoverTests;

/// <summary>Decodes what Linux 7.3 left to the next kernel.</summary>
[Trait("Category", "VM")]
public sealed class LinuxHandoverTests(LinuxHandover linux) : IClassFixture<LinuxHandover>
{
    private readonly Handover _handover = HandoverReader.Read(linux.Memory, linux.Setup.FdtAddress);

    [Fact]
    public void Root_NamesKhoV4_AndItsBlobs()
    {
        Assert.Equal((ulong)KhoRootFdt.PageSize, linux.Setup.FdtSize);
        Assert.Equal("kho-v4", _handover.Tree.Compatible);
        Assert.Equal(["LUO", "kexec-metadata"], _handover.Tree.SubTrees.Select(static tree => tree.Name).Order(StringComparer.Ordinal));
        Assert.Equal(new KexecMetadata(1, linux.Release, 1), _handover.Metadata);
        Assert.Equal("luo-v5", _handover.Luo?.Compatible);
        Assert.Equal(1UL, _handover.Luo?.LiveupdateNum);
    }

    /// <summary>The harness's kernel has the objects of lib/tests/liveupdate.c, which count the files of all sessions.</summary>
    [Fact]
    public void Flbs_AreThoseOfTheKernelsOwnTest()
    {
        Assert.Equal(
            ["liveupdate-test-flb-v0", "liveupdate-test-flb-v1", "liveupdate-test-flb-v2"], _handover.Flbs.Select(static flb => flb.Name));
        ulong files = (ulong)linux.Made.Sum(static session => session.Files.Count);
        Assert.All(_handover.Flbs, flb => Assert.Equal(files, flb.Count));
    }

    [Fact]
    public void Sessions_AreWhatTheProgramMade() => Expect.Sessions(linux.Made, _handover);

    [Fact]
    public void Content_IsWhatTheProgramWrote() => Expect.Content(linux.Made, _handover, linux.Memory);

    [Fact]
    public void Everything_IsPreserved_OutsideOfScratch() => Expect.Preserved(_handover, linux.Setup, linux.Memory);

    [Fact]
    public void RootTree_EncodedAgain_IsTheSame() => SameBytes.OfRoot(_handover, linux.Setup, linux.Memory);

    [Fact]
    public void Blobs_EncodedAgain_AreTheSame() => SameBytes.OfBlobs(_handover, linux.Memory);

    [Fact]
    public void Blocks_EncodedAgain_AreTheSame() => SameBytes.OfBlocks(_handover, linux.Memory);

    [Fact]
    public void Memfds_EncodedAgain_AreTheSame() => SameBytes.OfMemfds(_handover, linux.Memory);

    [Fact]
    public void RadixTree_BuiltAgain_IsTheSame() => SameBytes.OfRadixTree(_handover, linux.Memory);
}
