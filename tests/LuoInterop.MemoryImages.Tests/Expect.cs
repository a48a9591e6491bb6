using System.Security.Cryptography;
using LuoInterop.Kho;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Compares what is found in an image with what the emulated kernel's programs preserved.</summary>
internal static class Expect
{
    /// <summary>One handover, whole, with every file's content.</summary>
    public static FoundHandover Whole(HandedOver made, MemoryImage image)
    {
        HandoverSearchResult result = HandoverSearch.Find(image);
        Assert.True(result.IsComplete);
        FoundHandover found = Assert.Single(result.Handovers);
        Assert.Equal(HandoverStage.Written, found.Stage);
        Assert.NotNull(found.Setup);
        Assert.Empty(found.Handover.Faults);
        Content(made, image, found.Handover);
        return found;
    }

    /// <summary>Every session, file and byte.</summary>
    public static void Content(HandedOver made, MemoryImage image, Handover handover)
    {
        Assert.Equal(
            [HandedOver.Named, HandedOver.Plain, "empty"], handover.Sessions.Select(static session => session.Record.Name));
        (string, ulong)[] files =
            [.. handover.Sessions.SelectMany(static session => session.Files.Select(file => (session.Record.Name, file.Record.Token)))];
        Assert.Equal(made.Files.Count + 1, files.Length);
        Assert.Contains((HandedOver.Named, SessionCatalogue.Token), files);
        foreach (((string session, ulong token), (long size, string sha256)) in made.Files)
        {
            HandoverMemfd memfd = Assert.IsType<HandoverMemfd>(handover.Sessions.Single(one => one.Record.Name == session)
                .Files.Single(file => file.Record.Token == token).Memfd);
            Assert.Equal((ulong)size, memfd.Record.FileSize);
            Assert.Equal(sha256, Hash(memfd, image));
        }
    }

    private static string Hash(HandoverMemfd memfd, MemoryImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ulong at = 0;
        foreach (HandoverExtent extent in memfd.Extents())
        {
            Assert.Equal(at, extent.Offset);
            byte[] bytes = new byte[extent.Length];
            Assert.True(image.TryRead(extent.Address, bytes));
            hash.AppendData(bytes);
            at += extent.Length;
        }

        Assert.Equal(memfd.Record.FileSize, at);
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
