using LuoInterop.Emulation;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Decodes what Linux 7.3 left to the next kernel.</summary>
[Collection(Handovers.Name)]
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
        Assert.Equal(1UL, _handover.Luo?.LiveUpdateNumber);
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

    /// <summary>The emulated kernel boots from the memory that Linux left, and gives its sessions back.</summary>
    [Fact]
    public void EmulatedKernel_GivesEverythingBack()
    {
        using var machine = new EmulatedMachine(
            new EmulatedMachineOptions { MemorySize = linux.Memory.Length }, linux.Memory, linux.Setup);
        EmulatedProcess kernel = machine.Boot();
        Expect.Retrieved(linux.Made, kernel);
        Assert.True(new KhoDebugFs(kernel).ReadKexecMetadata(KhoDirection.In).TryGetValue(out KhoKexecMetadata? metadata));
        Assert.Equal(new KhoKexecMetadata(linux.Release, 1), metadata);
    }

    /// <summary>The emulated kernel hands over the same sessions as Linux: same names, tokens, sizes, seals, positions, bytes.</summary>
    [Fact]
    public void EmulatedKernel_HandsOverTheSame()
    {
        using var emulated = new EmulatedHandover();
        Assert.Equal(MadeSession.Format(linux.Made), MadeSession.Format(emulated.Made));
        Assert.Equal(
            Records(_handover),
            Records(HandoverReader.Read(emulated.Memory, emulated.Setup.FdtAddress)));
    }

    // Everything but addresses, and how the content is cut into folios.
    private static IEnumerable<string> Records(Handover handover) =>
    [
        $"{handover.Tree.Compatible} {string.Join(' ', handover.Tree.SubTrees.Select(static tree => $"{tree.Name}:{tree.BlobSize}"))}",
        $"{handover.Luo!.Compatible} {handover.Luo.LiveUpdateNumber} {handover.SessionBlocks.Count}",
        .. handover.Sessions.SelectMany(static session => session.Files
            .Select(static file => (file.Record, Memfd: file.Memfd!))
            .Select(static file => $"{file.Record.Compatible} {file.Record.Token} {file.Memfd.Record.FileSize} "
                + $"{file.Memfd.Record.Seals} {file.Memfd.Record.Pos} {file.Memfd.Record.Flags} "
                + $"{string.Join(' ', file.Memfd.Folios.Select(static folio => folio.Record.Flags).Distinct())} "
                + $"{file.Memfd.Record.Folios.Flags} {file.Memfd.Record.Folios.Order}")
            .Prepend($"{session.Record.Name} {session.Record.Count} {session.FileBlocks.Count}")),
    ];
}
