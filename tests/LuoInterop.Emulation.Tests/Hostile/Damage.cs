using System.Buffers.Binary;
using System.Globalization;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Damages the memory between two kernels at random, mostly where something is written.</summary>
internal sealed class Damage
{
    private static readonly ulong[] Numbers =
        [0, 1, 2, 8, 31, 50, 51, 52, 62, 63, 64, 255, 256, 257, 4095, 4096, 10_000, 1UL << 31, 1UL << 32, 1UL << 52, 1UL << 63,
            ulong.MaxValue];

    private readonly Random _random;
    private readonly PhysicalMemory _memory;
    private readonly KhoRadixTree _tree;
    private readonly (ulong Address, int Order)[] _pieces;
    private readonly ulong[] _pages;
    private readonly List<ulong> _words = [];
    private readonly List<string> _done = [];

    public Damage(Random random, PhysicalMemory memory, ulong treeRoot)
    {
        _random = random;
        _memory = memory;
        _tree = new KhoRadixTree(memory, treeRoot, NewPage);
        _pieces = [.. _tree.Pieces()];
        _pages = [.. memory.PopulatedPages()];
        foreach (ulong pfn in _pages)
        {
            Span<byte> page = memory.Page(pfn);
            for (int offset = 0; offset < PhysicalMemory.PageSize; offset += 8)
            {
                if (BinaryPrimitives.ReadUInt64LittleEndian(page[offset..]) != 0)
                {
                    _words.Add((pfn << PhysicalMemory.PageShift) + (ulong)offset);
                }
            }
        }
    }

    /// <summary>Tells what was done, for the message of a failed test.</summary>
    public override string ToString() => string.Join("; ", _done);

    public void Apply()
    {
        // While the tree can still be walked.
        while (_random.Next(4) == 0)
        {
            ChangePieces();
        }

        for (int i = _random.Next(_done.Count == 0 ? 1 : 0, 7); i > 0; i--)
        {
            One();
        }
    }

    private void One()
    {
        switch (_random.Next(8))
        {
            case 0:
                FlipBit();
                break;
            case 1:
                ReplacePage();
                break;
            case 2:
                CutPage();
                break;
            case 3:
                SwapWords();
                break;
            case 4:
                // Bits of a free word: pieces of any order, counts, links.
                SetWord(Any(), 1UL << _random.Next(64), "sets");
                break;
            default:
                SetWord(Used(), Value(), "sets");
                break;
        }
    }

    // Takes a piece away, or puts one into, before or around what is there.
    private void ChangePieces()
    {
        (ulong address, int order) = _pieces[_random.Next(_pieces.Length)];
        if (_random.Next(3) == 0)
        {
            Assert.True(_tree.Remove(address, order) || _done.Count > 0);
            Tell($"removes the piece 0x{address:x} of order {order}");
            return;
        }

        order = _random.Next(_random.Next(3) == 0 ? KhoRadixTree.MaxOrder : KhoRadixTree.MaxPageOrder);
        ulong around = (address + ((ulong)_random.Next(3) << PhysicalMemory.PageShift)) >> (PhysicalMemory.PageShift + order);
        around <<= PhysicalMemory.PageShift + order;
        Assert.Equal(Errno.None, _tree.Add(around, order));
        Tell($"adds a piece at 0x{around:x} of order {order}");
    }

    private ulong NewPage()
    {
        ulong pfn;
        do
        {
            pfn = (ulong)_random.Next((int)_memory.PageCount);
        }
        while (!_memory.Page(pfn).IsEmpty || _memory.FindFolios(pfn) is not null);
        _memory.Populate(pfn);
        return pfn << PhysicalMemory.PageShift;
    }

    private ulong Used() => _words[_random.Next(_words.Count)];

    private ulong Any() => Page() + (ulong)(_random.Next(PhysicalMemory.PageSize / 8) * 8);

    private ulong Page() => _pages[_random.Next(_pages.Length)] << PhysicalMemory.PageShift;

    private ulong Value() => _random.Next(8) switch
    {
        0 => Numbers[_random.Next(Numbers.Length)],
        1 => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
        2 => (ulong)_random.Next(1 << 16) << PhysicalMemory.PageShift,
        3 when _memory.Folios.Any() => Folio() << PhysicalMemory.PageShift,
        4 when _memory.Folios.Any() => Folio() | (3UL << 52),
        5 => Page() + (ulong)_random.Next(PhysicalMemory.PageSize),
        6 => Read(Used()),
        _ => Page(),
    };

    private ulong Folio() => _memory.Folios.ElementAt(_random.Next(_memory.Folios.Count())).FirstPfn + (ulong)_random.Next(2);

    private void FlipBit()
    {
        ulong word = Used();
        SetWord(word, Read(word) ^ (1UL << _random.Next(64)), "flips to");
    }

    private void SwapWords()
    {
        (ulong a, ulong b) = (Used(), Used());
        (ulong first, ulong second) = (Read(a), Read(b));
        SetWord(a, second, "swaps");
        SetWord(b, first, "swaps");
    }

    private void ReplacePage()
    {
        (ulong from, ulong to) = (Page(), Page());
        _memory.Structure(from, PhysicalMemory.PageSize).CopyTo(_memory.Structure(to, PhysicalMemory.PageSize));
        Tell($"copies 0x{from:x} to 0x{to:x}");
    }

    private void CutPage()
    {
        (ulong page, int from) = (Page(), _random.Next(PhysicalMemory.PageSize / 16) * 16);
        byte with = (byte)(_random.Next(3) switch { 0 => 0, 1 => 0xaa, _ => 0xff });
        _memory.Structure(page, PhysicalMemory.PageSize)[from..].Fill(with);
        Tell($"fills 0x{page:x} from {from} with 0x{with:x2}");
    }

    private ulong Read(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(_memory.Structure(address, 8));

    private void SetWord(ulong address, ulong value, string how)
    {
        Tell($"{how} 0x{address:x}: 0x{Read(address):x} to 0x{value:x}");
        BinaryPrimitives.WriteUInt64LittleEndian(_memory.Structure(address, 8), value);
    }

    private void Tell(string what) => _done.Add(what.ToString(CultureInfo.InvariantCulture));
}
