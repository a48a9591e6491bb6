using LuoInterop.Kho;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Reads what each release of Linux hands over.</summary>
public sealed class ReleaseTests
{
    [Theory]
    [InlineData("6.19.0", "kho-v1", "luo-v1", "memfd-v1")]
    [InlineData("7.0.0", "kho-v1", "luo-v1", "memfd-v1")]
    [InlineData("7.1.0", "kho-v3", "luo-v1", "memfd-v2")]
    [InlineData("7.2.6", "kho-v4", "luo-v5", "memfd-v2")]
    [InlineData("7.3.4", "kho-v4", "luo-v5", "memfd-v2")]
    public void Handover_IsReadWhole(string release, string kho, string luo, string memfd)
    {
        using var made = new HandedOver(release);
        using MemoryImage image = MemoryImage.Open(made.Raw);
        Handover handover = Expect.Whole(made, image).Handover;
        Assert.Equal((kho, luo, 1UL), (handover.Tree.Compatible, handover.Luo?.Compatible, handover.Luo?.LiveUpdateNumber));
        Assert.True(handover.IsMapSound);
        Assert.All(handover.Sessions.SelectMany(static session => session.Files), file => Assert.Equal(memfd, file.Record.Compatible));
        Assert.Equal(
            handover.Sessions.SelectMany(static session => session.Files).Sum(static file => file.Memfd!.Folios.Sum(
                static folio => 1L << folio.Order)),
            handover.Preserved.Pieces().Where(piece => handover.Sessions.SelectMany(static session => session.Files)
                .Any(file => file.Memfd!.Folios.Any(folio => folio.Record.Pfn << 12 == piece.Address && folio.Order == piece.Order)))
                .Sum(static piece => 1L << piece.Order));
    }
}
