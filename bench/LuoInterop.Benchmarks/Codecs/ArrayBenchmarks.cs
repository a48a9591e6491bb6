using BenchmarkDotNet.Attributes;
using LuoInterop.Arrays;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Measures how the folios of a file are written and read: as the kernel's list,
/// and as the sparse array that was posted.</summary>
public class ArrayBenchmarks
{
    private MemfdLuoFolioSer[] _folios = null!;
    private PageMemory _listMemory = null!;
    private PageMemory _arrayMemory = null!;
    private Func<ulong> _allocateList = null!;
    private Func<ulong> _allocateArray = null!;
    private KhoVmalloc _list;
    private KhoArray _array;

    public static IEnumerable<FolioPlacement> Placements => Scale.Placements;

    [ParamsSource(nameof(Placements))]
    public FolioPlacement Placement { get; set; }

    /// <summary>Gets the pages of 4 KiB that the list takes, and those of the array.</summary>
    internal (int List, int Array) Pages => (_listMemory.Used, _arrayMemory.Used);

    /// <summary>Gets how many folios the file has.</summary>
    internal int Folios => _folios.Length;

    [GlobalSetup]
    public void Populate()
    {
        _folios = SparseFile.Folios(Placement);
        // A page for each folio is the worst that an array takes.
        _listMemory = new PageMemory(_folios.Length + 2);
        _arrayMemory = new PageMemory(_folios.Length + 2);
        _allocateList = _listMemory.Allocate;
        _allocateArray = _arrayMemory.Allocate;
        WriteList();
        WriteArray();
        if (ReadList() != ReadArray())
        {
            throw new InvalidOperationException("The list and the array hold different folios.");
        }
    }

    [Benchmark(Description = OperationNames.WriteList)]
    public void WriteList()
    {
        _listMemory.Clear();
        var writer = new MemfdLuoFolioWriter(_listMemory, _allocateList);
        foreach (ref readonly MemfdLuoFolioSer folio in _folios.AsSpan())
        {
            Check(writer.Add(folio));
        }

        Check(writer.Complete(out _list));
    }

    [Benchmark(Description = OperationNames.WriteArray)]
    public void WriteArray()
    {
        _arrayMemory.Clear();
        var writer = new KhoArrayWriter(_arrayMemory, _allocateArray);
        foreach (ref readonly MemfdLuoFolioSer folio in _folios.AsSpan())
        {
            Check(writer.Add(folio.Index, new KhoArrayFolio(folio.Pfn, folio.Flags).ToEntry()));
        }

        _array = writer.Complete();
    }

    [Benchmark(Description = OperationNames.ReadList)]
    public ulong ReadList()
    {
        ulong sum = 0;
        var reader = new MemfdLuoFolioReader(_listMemory, _list, (ulong)_folios.Length);
        while (reader.TryRead(out MemfdLuoFolioSer folio))
        {
            sum = (sum * 31) + (folio.Index ^ folio.Pfn ^ folio.Flags);
        }

        return sum;
    }

    [Benchmark(Description = OperationNames.ReadArray)]
    public ulong ReadArray()
    {
        ulong sum = 0;
        var reader = new KhoArrayReader(_arrayMemory, _array);
        while (reader.TryRead(out ulong position, out KhoArrayEntry entry))
        {
            var folio = KhoArrayFolio.Of(entry);
            sum = (sum * 31) + (position ^ folio.Pfn ^ folio.Flags);
        }

        return sum;
    }

    private static void Check(Errno errno)
    {
        if (errno != Errno.None)
        {
            throw new InvalidOperationException($"The array could not be written: {errno}.");
        }
    }
}
