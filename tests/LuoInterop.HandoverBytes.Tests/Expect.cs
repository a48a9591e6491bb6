using System.Security.Cryptography;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Compares a decoded handover with what the program told of it.</summary>
internal static class Expect
{
    private const int HugeOrder = 9;

    /// <summary>Sessions in the order of their creation, files in that of their preservation.</summary>
    public static void Sessions(IReadOnlyList<MadeSession> made, Handover handover)
    {
        Assert.Equal(made.Select(static session => session.Name), handover.Sessions.Select(static session => session.Record.Name));
        Assert.Equal(KhoBlockChain<LuoSessionSer>.BlocksFor(made.Count), handover.SessionBlocks.Count);
        foreach ((MadeSession expected, HandoverSession actual) in made.Zip(handover.Sessions))
        {
            Assert.Equal((ulong)expected.Files.Count, actual.Record.Count);
            Assert.Equal(expected.Files.Count == 0, actual.Record.Files == 0);
            Assert.Equal(KhoBlockChain<LuoFileSer>.BlocksFor(expected.Files.Count), actual.FileBlocks.Count);
            Assert.Equal(expected.Files.Select(static file => file.Token), actual.Files.Select(static file => file.Record.Token));
            foreach ((MadeFile file, HandoverMemfd memfd) in expected.Files.Zip(actual.Files.Select(static file => file.Memfd!)))
            {
                Assert.Equal(((ulong)file.Size, (uint)file.Seals), (memfd.Record.FileSize, memfd.Record.Seals));
                Assert.Equal(((ulong)file.Position, 0U), (memfd.Record.Pos, memfd.Record.Flags));
                Folios(file, memfd);
            }
        }
    }

    /// <summary>The bytes, collected folio by folio.</summary>
    public static void Content(IReadOnlyList<MadeSession> made, Handover handover, IPhysicalMemory memory)
    {
        foreach ((MadeFile file, HandoverFile actual) in made.SelectMany(static session => session.Files)
            .Zip(handover.Sessions.SelectMany(static session => session.Files)))
        {
            using var hash = SHA256.Create();
            using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
            {
                actual.Memfd!.CopyTo(memory, stream);
            }

            Assert.Equal(file.Sha256, $"sha256:{Convert.ToHexStringLower(hash.Hash!)}");
        }
    }

    /// <summary>Every page that the records lead to is one piece of the tree of preserved memory, and none lies in scratch.</summary>
    public static void Preserved(Handover handover, KhoSetupData setup, IPhysicalMemory memory)
    {
        KhoScratch[] scratch = setup.ReadScratch(memory);
        Assert.NotEmpty(scratch);
        Assert.Equal(setup.ScratchSize, (ulong)scratch.Length * KhoScratch.Size);
        HandoverMemfd[] memfds = [.. handover.Sessions.SelectMany(static session => session.Files).Select(static file => file.Memfd!)];
        (ulong Address, int Order)[] expected =
        [
            (setup.FdtAddress, 0),
            (handover.Luo!.Flbs, 0),
            .. handover.Tree.SubTrees.Select(static tree => (tree.PreservedData!.Value, 0)),
            .. handover.SessionBlocks.Concat(handover.Sessions.SelectMany(static session => session.FileBlocks))
                .Select(static block => (block, 0)),
            .. handover.Sessions.SelectMany(static session => session.Files).Select(static file => (file.Record.Data, 0)),
            .. memfds.SelectMany(static memfd => memfd.Array.Chunks).Select(static chunk => (chunk, 0)),
            .. memfds.SelectMany(static memfd => memfd.Array.Pages.Select(page => (page, (int)memfd.Record.Folios.Order))),
            .. memfds.SelectMany(static memfd => memfd.Folios).Select(static folio => (folio.Record.Pfn << 12, folio.Order)),
        ];
        Assert.All(expected, static piece => Assert.InRange(piece.Order, 0, KhoRadixTree.MaxPageOrder));
        Assert.Equal(
            expected.OrderByDescending(static piece => piece.Order).ThenBy(static piece => piece.Address), handover.Preserved.Pieces());
        ulong end = 0;
        foreach ((ulong address, int order) in expected.OrderBy(static piece => piece.Address))
        {
            Assert.True(address >= end, $"The piece at 0x{address:x} lies inside the one before it.");
            end = address + (4096UL << order);
            Assert.DoesNotContain(scratch, area => address < area.Address + area.Length && end > area.Address);
        }
    }

    /// <summary>The next kernel gives every file of every session back, through the public API.</summary>
    public static void Retrieved(IReadOnlyList<MadeSession> made, Kernel kernel)
    {
        const MemfdSeals Widened = (MemfdSeals)0x3e;
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        foreach (MadeSession expected in made)
        {
            using LiveUpdateSession session = device.RetrieveSession(expected.Name);
            foreach (MadeFile file in expected.Files)
            {
                using Memfd memfd = session.RetrieveMemfd(file.Token);
                Assert.Equal((file.Size, file.Position), (memfd.Size, memfd.Position));
                Assert.Equal(file.Seals.HasFlag(MemfdSeals.Exec) ? Widened : file.Seals, memfd.Seals);
                Assert.Equal(file.Sha256, MemfdChecksum.Sha256(memfd));
            }

            session.Finish();
        }
    }

    // One after the other from page 0 on, the last one may reach past the end.
    private static void Folios(MadeFile file, HandoverMemfd memfd)
    {
        ulong pages = ((ulong)file.Size + 4095) / 4096;
        ulong next = 0;
        foreach (HandoverFolio folio in memfd.Folios)
        {
            Assert.Equal(next, folio.Record.Index);
            Assert.Equal(MemfdLuoFolioSer.MEMFD_LUO_FOLIO_DIRTY | MemfdLuoFolioSer.MEMFD_LUO_FOLIO_UPTODATE, folio.Record.Flags);
            next += 1UL << folio.Order;
        }

        Assert.Equal(memfd.Record.NrFolios, (ulong)memfd.Folios.Count);
        Assert.InRange(next, pages, pages + (1UL << HugeOrder) - 1);
        Assert.Equal(pages == 0, memfd.Record.Folios == default);
        if (file.Huge)
        {
            Assert.Equal(file.Size / (4096 << HugeOrder), memfd.Folios.Count(static folio => folio.Order == HugeOrder));
        }
    }
}
