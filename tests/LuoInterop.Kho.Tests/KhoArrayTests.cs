using System.Buffers.Binary;
using LuoInterop.Arrays;
using LuoInterop.Kho.Abi;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Kho.Tests;

/// <summary>Follows the sparse array as it was posted: 20250909144426.33274-2-pratyush@kernel.org.</summary>
public class KhoArrayTests
{
    private readonly PhysicalPages _memory = new();

    // An entry at 3, one at the last position of the first page, one at the first of the second, one 1,000,000 further on.
    [Fact]
    [Trait("Asked", "arrays")]
    public void SparseArray_IsThePostingsBytes()
    {
        KhoArray array = Write(
            (3, KhoArrayEntry.OfValue(5)),
            (509, KhoArrayEntry.OfPointer(0x1_2345_6788)),
            (510, KhoArrayEntry.OfValue(0)),
            (1_000_510, KhoArrayEntry.OfValue(long.MaxValue)));
        ulong[] pages = [.. _memory.Addresses];
        Assert.Equal(3, pages.Length);
        byte[] descriptor = new byte[KhoArray.Size];
        array.Write(descriptor);
        Assert.Equal("5252414b" + "0000" + "0000" + "0000000001000000", Convert.ToHexStringLower(descriptor));
        AssertPage(pages[0], "0010000001000000" + "0000000000000000", (3, "0b00000000000000"), (509, "8867452301000000"));
        AssertPage(pages[1], "0020000001000000" + "fe01000000000000", (0, "0100000000000000"));
        AssertPage(pages[2], "0000000000000000" + "ae420f0000000000", (400, "ffffffffffffffff")); // 1,000,110 = 1961 * 510
    }

    [Fact]
    [Trait("Asked", "arrays")]
    public void SparseArray_OfADenseFile_TakesHalfOfTheList()
    {
        const int Folios = 510 * 256;
        var writer = new KhoArrayWriter(_memory, _memory.Allocate);
        for (ulong i = 0; i < Folios; i++)
        {
            Assert.Equal(Errno.None, writer.Add(i, new KhoArrayFolio(i + 1, 3).ToEntry()));
        }

        writer.Complete();
        Assert.Equal(256, writer.Pages.Count);
        Assert.Equal(510 + 1, MemfdLuoFolioPages(Enumerable.Range(0, Folios).Select(static i => (ulong)i)));
    }

    // The cost that the reviewer named on the day of the posting: a page for every entry.
    [Fact]
    [Trait("Asked", "arrays")]
    public void SparseArray_OfAVerySparseFile_TakesAPageForEachEntry()
    {
        ulong[] positions = [.. Enumerable.Range(0, 256).Select(static i => (ulong)i * 512)];
        Write([.. positions.Select(static position => (position, KhoArrayEntry.OfValue(position)))]);
        Assert.Equal(256, _memory.Addresses.Count);
        Assert.Equal(1 + 1, MemfdLuoFolioPages(positions));
    }

    // The posted reader begins at position 0 and takes the distance to a first page above it as past that page's end: it loses it.
    [Theory]
    [InlineData(510UL)]
    [InlineData(0xffff_ffff_ffff_fe34UL)]
    [InlineData(ulong.MaxValue)]
    [Trait("Asked", "arrays")]
    public void SparseArray_ThatBeginsWithAHole_IsReadFromItsFirstEntry(ulong position)
    {
        KhoArray array = Write((position, KhoArrayEntry.OfValue(7)));
        Assert.Equal([(position, KhoArrayEntry.OfValue(7))], Read(array));
    }

    [Fact]
    public void EmptyArray_HasNoPage()
    {
        KhoArray array = Write();
        Assert.Equal(KhoArray.Of(0), array);
        Assert.Empty(_memory.Addresses);
        Assert.Empty(Read(array));
    }

    [Fact]
    public void Add_OfAnEarlierPosition_IsRefused()
    {
        var writer = new KhoArrayWriter(_memory, _memory.Allocate);
        Assert.Equal(Errno.None, writer.Add(9, KhoArrayEntry.OfValue(1)));
        Assert.Equal(Errno.EINVAL, writer.Add(8, KhoArrayEntry.OfValue(2)));
        Assert.Equal(Errno.None, writer.Add(9, KhoArrayEntry.OfValue(3)));
        Assert.Equal([(9UL, KhoArrayEntry.OfValue(3))], Read(writer.Complete()));
    }

    [Fact]
    public void Add_WithoutMemory_LeavesTheArrayAsItWas()
    {
        int left = 1;
        var writer = new KhoArrayWriter(_memory, () => left-- > 0 ? _memory.Allocate() : 0);
        Assert.Equal(Errno.None, writer.Add(1, KhoArrayEntry.OfValue(1)));
        Assert.Equal(Errno.ENOMEM, writer.Add(510, KhoArrayEntry.OfValue(2)));
        Assert.Equal(Errno.None, writer.Add(2, KhoArrayEntry.OfValue(3)));
        Assert.Equal([(1UL, KhoArrayEntry.OfValue(1)), (2UL, KhoArrayEntry.OfValue(3))], Read(writer.Complete()));
        Assert.Equal(writer.Pages, _memory.Addresses);
    }

    [Theory]
    [InlineData(0x4b41_5253U, 0, "BadMagic")]
    [InlineData(0U, 0, "BadMagic")]
    [InlineData(KhoArray.KHO_ARRAY_MAGIC, 1, "UnsupportedVersion")]
    public void Descriptor_ThatIsNotKnown_IsRefused(uint magic, ushort version, string expected)
    {
        KhoArray array = Write((1, KhoArrayEntry.OfValue(1))) with { Magic = magic, Version = version };
        Check(array, expected, Errno.EOPNOTSUPP);
        Assert.Equal(0, _memory.Reads);
    }

    [Theory]
    [InlineData(0)] // to itself
    [InlineData(1)]
    [InlineData(2)]
    public void Page_ThatComesAgain_IsACycle(int from)
    {
        KhoArray array = Write([.. Enumerable.Range(0, 3).Select(static i => ((ulong)i * 510, KhoArrayEntry.OfValue(1)))]);
        ulong[] pages = [.. _memory.Addresses];
        SetWord(pages[from], 0, pages[0]);
        Check(array, "Cycle", Errno.None);
        Assert.InRange(_memory.Reads, 2, 8);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(999UL)]
    [InlineData(1000UL)]
    [InlineData(1509UL)] // the last position of the page before
    public void Position_ThatThePagesBeforeHavePassed_IsRefused(ulong second)
    {
        KhoArray array = Write((1020, KhoArrayEntry.OfValue(1)), (1530, KhoArrayEntry.OfValue(2)));
        ulong[] pages = [.. _memory.Addresses];
        SetWord(pages[0], 8, 1000);
        SetWord(pages[1], 8, second);
        Check(array, "BadPosition", Errno.None);
    }

    // Its own header's example is a page that begins at position 1000, which the posted writer does not make.
    [Fact]
    public void Position_ThatIsNoMultipleOfAPage_IsRead()
    {
        KhoArray array = Write((0, KhoArrayEntry.OfValue(1)), (510, KhoArrayEntry.OfValue(2)));
        SetWord(_memory.Addresses.Last(), 8, 1000);
        Assert.Equal([(0UL, KhoArrayEntry.OfValue(1)), (1000UL, KhoArrayEntry.OfValue(2))], Read(array));
    }

    [Fact]
    public void Position_PastTheLast_IsRefused()
    {
        KhoArray array = Write((2, KhoArrayEntry.OfValue(1)));
        ulong page = _memory.Addresses.Single();
        SetWord(page, 8, ulong.MaxValue - 2);
        Assert.Equal([(ulong.MaxValue, KhoArrayEntry.OfValue(1))], Read(array));
        SetWord(page, 8, ulong.MaxValue - 1);
        Check(array, "BadPosition", Errno.None);
    }

    [Theory]
    [InlineData(2UL)]
    [InlineData(4UL)]
    [InlineData(0x1006UL)]
    public void Entry_ThatIsNeitherIntegerNorAlignedPointer_IsRefused(ulong word)
    {
        KhoArray array = Write((0, KhoArrayEntry.OfValue(1)), (5, KhoArrayEntry.OfValue(1)));
        SetWord(_memory.Addresses.Single(), 16 + (5 * 8), word);
        Check(array, "BadEntry", Errno.None);
    }

    [Fact]
    public void Link_ToNoPage_IsNamed()
    {
        Check(KhoArray.Of(0xdead_0000), "Unreadable", Errno.None);
        Check(KhoArray.Of(0xffff_ffff_ffff_f000), "Unreadable", Errno.None);
        KhoArray array = Write((0, KhoArrayEntry.OfValue(1)));
        Check(array with { First = array.First + 8 }, "BadLayout", Errno.None);
        SetWord(array.First, 0, ulong.MaxValue);
        Check(array, "BadLayout", Errno.None);
    }

    [Fact]
    public void Pages_WithoutEnd_AreCapped()
    {
        var endless = new EndlessArray();
        var reader = new KhoArrayReader(endless, KhoArray.Of(4096));
        Assert.Equal(KhoFormatError.TooLarge, Assert.Throws<KhoFormatException>(() => reader.TryRead(out _, out _)).Error);
        Assert.Equal(KhoArrayReader.MaxPages, endless.Reads);
    }

    [Fact]
    public void Reading_AllocatesNothing()
    {
        KhoArray array = Write([.. Enumerable.Range(0, 4000).Select(static i => ((ulong)i * 3, KhoArrayEntry.OfValue((ulong)i)))]);
        KhoArrayReader[] readers = [.. Enumerable.Range(0, Allocation.Runs).Select(_ => new KhoArrayReader(_memory, array))];
        int count = readers.Count(static reader => reader.TryRead(out _, out _));
        Assert.Equal(0, Allocation.Of(readers, reader =>
        {
            while (reader.TryRead(out _, out _))
            {
                count++;
            }
        }));
        Assert.Equal(4000 * Allocation.Runs, count);
        Assert.All(readers, static reader => Assert.False(reader.TryRead(out _, out _)));
    }

    [Fact]
    public void Entry_KeepsIntegersAndPointersApart()
    {
        Assert.Equal(0x8000_0000_0000_0001UL, KhoArrayEntry.OfValue(1UL << 62).Word);
        Assert.Equal(1UL << 62, KhoArrayEntry.OfValue(1UL << 62).Value);
        Assert.Equal((true, false, false), Kinds(KhoArrayEntry.OfValue(0)));
        Assert.Equal((false, true, false), Kinds(KhoArrayEntry.OfPointer(8)));
        Assert.Equal((false, false, true), Kinds(default));
        Assert.Equal(KhoFormatError.BadEntry, Assert.Throws<KhoFormatException>(() => KhoArrayEntry.OfPointer(8).Value).Error);
        Assert.Throws<ArgumentOutOfRangeException>(() => KhoArrayEntry.OfValue(1UL << 63));
        Assert.Throws<ArgumentOutOfRangeException>(() => KhoArrayEntry.OfPointer(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => KhoArrayEntry.OfPointer(12));
        Assert.Throws<ArgumentException>(() => new KhoArrayWriter(_memory, _memory.Allocate).Add(0, default));
    }

    [Fact]
    public void Folio_IsTheAuthorsInteger()
    {
        Assert.Equal(((0x12345UL << 11) | 3) << 1 | 1, new KhoArrayFolio(0x12345, 3).ToEntry().Word);
        var largest = new KhoArrayFolio(KhoArrayFolio.MaxPfn, KhoArrayFolio.MaxFlags);
        Assert.Equal(ulong.MaxValue, largest.ToEntry().Word);
        Assert.Equal(largest, KhoArrayFolio.Of(largest.ToEntry()));
        Assert.Equal(MemfdLuoFolioSer.MaxPfn, KhoArrayFolio.MaxPfn);
        Assert.Throws<ArgumentOutOfRangeException>(() => new KhoArrayFolio(1UL << 52, 0).ToEntry());
        Assert.Throws<ArgumentOutOfRangeException>(() => new KhoArrayFolio(0, 0x800).ToEntry());
        Assert.Equal(KhoFormatError.BadEntry, Assert.Throws<KhoFormatException>(() => KhoArrayFolio.Of(default)).Error);
    }

    private static (bool, bool, bool) Kinds(KhoArrayEntry entry) => (entry.IsValue, entry.IsPointer, entry.IsEmpty);

    private static int MemfdLuoFolioPages(IEnumerable<ulong> positions)
    {
        var memory = new PhysicalPages();
        var writer = new MemfdLuoFolioWriter(memory, memory.Allocate);
        Assert.All(positions, position => Assert.Equal(Errno.None, writer.Add(new MemfdLuoFolioSer(position + 1, 3, position))));
        Assert.Equal(Errno.None, writer.Complete(out _));
        return memory.Addresses.Count;
    }

    private KhoArray Write(params (ulong Position, KhoArrayEntry Entry)[] entries)
    {
        var writer = new KhoArrayWriter(_memory, _memory.Allocate);
        Assert.All(entries, entry => Assert.Equal(Errno.None, writer.Add(entry.Position, entry.Entry)));
        return writer.Complete();
    }

    private List<(ulong Position, KhoArrayEntry Entry)> Read(KhoArray array)
    {
        var reader = new KhoArrayReader(_memory, array);
        var found = new List<(ulong, KhoArrayEntry)>();
        while (reader.TryRead(out ulong position, out KhoArrayEntry entry))
        {
            found.Add((position, entry));
        }

        return found;
    }

    private void Check(KhoArray array, string expected, Errno errno)
    {
        KhoFormatException error = Assert.Throws<KhoFormatException>(() => Read(array));
        Assert.Equal(expected, error.Error.ToString());
        Assert.Equal(errno, error.Errno);
    }

    private void SetWord(ulong page, int offset, ulong word) =>
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[page].AsSpan(offset), word);

    private void AssertPage(ulong address, string head, params (int Slot, string Hex)[] entries)
    {
        byte[] page = _memory[address];
        Assert.Equal(head, Convert.ToHexStringLower(page.AsSpan(0, 16)));
        byte[] rest = page[16..];
        foreach ((int slot, string hex) in entries)
        {
            Assert.Equal(hex, Convert.ToHexStringLower(rest.AsSpan(slot * 8, 8)));
            rest.AsSpan(slot * 8, 8).Clear();
        }

        Assert.Equal(-1, rest.AsSpan().IndexOfAnyExcept((byte)0));
    }
}
