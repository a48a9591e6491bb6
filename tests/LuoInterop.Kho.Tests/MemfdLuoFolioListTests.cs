using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Shows the array that the kernel chose: a list in a vmalloc area, with the index in each entry.</summary>
public class MemfdLuoFolioListTests
{
    private readonly PhysicalPages _memory = new();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(256, 2)]
    [InlineData(257, 3)]
    [InlineData(256 * 510, 510 + 1)]
    [InlineData(256 * 511, 511 + 2)]
    [Trait("Asked", "arrays")]
    public void VmallocList_HolesCostNothing(int folios, int pages)
    {
        foreach (ulong stride in (ulong[])[1, 2, 512, 1 << 18])
        {
            var memory = new PhysicalPages();
            (KhoVmalloc descriptor, _) = Write(memory, folios, stride);
            Assert.Equal(pages, memory.Addresses.Count);
            List<MemfdLuoFolioSer> found = Read(memory, descriptor, (ulong)folios);
            Assert.Equal(folios, found.Count);
            Assert.All(Enumerable.Range(0, folios), i => Assert.Equal(new MemfdLuoFolioSer((ulong)i + 1, 3, (ulong)i * stride), found[i]));
        }
    }

    [Fact]
    [Trait("Asked", "arrays")]
    public void VmallocList_IsTheHeadersBytes()
    {
        (KhoVmalloc descriptor, MemfdLuoFolioWriter writer) = Write(_memory, 257, 0x1_0000_0000);
        Assert.Equal(new KhoVmalloc(writer.Chunks.Single(), 2, KhoVmalloc.KHO_VMALLOC_ALLOC, 0), descriptor);
        Assert.Equal(
            "0100000000003000" + "0000000000000000" + "0200000000003000" + "0000000001000000",
            Convert.ToHexStringLower(_memory[writer.Pages[0]].AsSpan(0, 32)));
        Assert.Equal(
            "0101000000003000" + "0000000000010000" + "0000000000000000", Convert.ToHexStringLower(_memory[writer.Pages[1]].AsSpan(0, 24)));
        Assert.Equal(
            "0000000000000000" + "0000000001000000" + "0010000001000000" + "0000000000000000",
            Convert.ToHexStringLower(_memory[descriptor.First].AsSpan(0, 32)));
    }

    [Fact]
    public void EmptyFile_HasNoArray()
    {
        var writer = new MemfdLuoFolioWriter(_memory, _memory.Allocate);
        Assert.Equal(Errno.None, writer.Complete(out KhoVmalloc descriptor));
        Assert.Equal(default, descriptor);
        Assert.Empty(_memory.Addresses);
        Assert.Empty(Read(_memory, descriptor, 0));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 256)]
    public void Add_WithoutMemory_LeavesTheArrayAsItWas(int pages, int folios)
    {
        int left = pages;
        var writer = new MemfdLuoFolioWriter(_memory, () => left-- > 0 ? _memory.Allocate() : 0);
        for (int i = 0; i < folios; i++)
        {
            Assert.Equal(Errno.None, writer.Add(new MemfdLuoFolioSer(1, 0, (ulong)i)));
        }

        Assert.Equal(Errno.ENOMEM, writer.Add(new MemfdLuoFolioSer(1, 0, 0)));
        left = 1;
        Assert.Equal(Errno.None, writer.Complete(out KhoVmalloc descriptor));
        Assert.Equal(folios, Read(_memory, descriptor, (ulong)folios).Count);
    }

    [Fact]
    public void Complete_WithoutMemory_NamesTheChunksThatItHas()
    {
        int left = 511 + 1;
        var writer = new MemfdLuoFolioWriter(_memory, () => left-- > 0 ? _memory.Allocate() : 0);
        for (int i = 0; i < 511 * 256; i++)
        {
            Assert.Equal(Errno.None, writer.Add(new MemfdLuoFolioSer(1, 0, (ulong)i)));
        }

        Assert.Equal(Errno.ENOMEM, writer.Complete(out KhoVmalloc descriptor));
        Assert.Equal(default, descriptor);
        Assert.Equal(_memory.Addresses, writer.Pages.Concat(writer.Chunks));
        Assert.Single(writer.Chunks);
    }

    [Fact]
    public void Count_AboveTheRoom_IsRefused()
    {
        (KhoVmalloc descriptor, _) = Write(_memory, 3, 1);
        Assert.Equal(256, Read(_memory, descriptor, 256).Count);
        Assert.Equal(KhoFormatError.CountMismatch, Assert.Throws<KhoFormatException>(() => Read(_memory, descriptor, 257)).Error);
        Assert.Equal(
            KhoFormatError.CountMismatch, Assert.Throws<KhoFormatException>(() => Read(_memory, descriptor, ulong.MaxValue)).Error);
    }

    // An area of huge pages: each address of a chunk stands for 1 << order pages.
    [Fact]
    public void Pieces_OfAnOrder_AreReadPageByPage()
    {
        (_, MemfdLuoFolioWriter writer) = Write(_memory, 4 * 256, 1);
        ulong[] pieces = [writer.Pages[0], writer.Pages[2]];
        KhoVmalloc descriptor = KhoVmallocList.Write(_memory, _memory.Allocate(1), pieces, order: 1);
        Assert.Equal(
            Read(_memory, descriptor, 1024).Select(static folio => folio.Index), Enumerable.Range(0, 1024).Select(static i => (ulong)i));
    }

    [Fact]
    public void Page_ThatIsNoMemory_IsUnreadable()
    {
        KhoVmalloc descriptor = KhoVmallocList.Write(_memory, _memory.Allocate(1), [0xdead_0000]);
        Assert.Equal(KhoFormatError.Unreadable, Assert.Throws<KhoFormatException>(() => Read(_memory, descriptor, 1)).Error);
    }

    private static (KhoVmalloc Descriptor, MemfdLuoFolioWriter Writer) Write(PhysicalPages memory, int folios, ulong stride)
    {
        var writer = new MemfdLuoFolioWriter(memory, memory.Allocate);
        for (int i = 0; i < folios; i++)
        {
            Assert.Equal(Errno.None, writer.Add(new MemfdLuoFolioSer((ulong)i + 1, 3, (ulong)i * stride)));
        }

        Assert.Equal(Errno.None, writer.Complete(out KhoVmalloc descriptor));
        return (descriptor, writer);
    }

    private static List<MemfdLuoFolioSer> Read(PhysicalPages memory, KhoVmalloc descriptor, ulong count)
    {
        var reader = new MemfdLuoFolioReader(memory, descriptor, count);
        var found = new List<MemfdLuoFolioSer>();
        while (reader.TryRead(out MemfdLuoFolioSer folio))
        {
            found.Add(folio);
        }

        return found;
    }
}
