using BenchmarkDotNet.Attributes;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Measures the codecs of single records: sessions, files, memfds.</summary>
public class RecordBenchmarks
{
    private readonly byte[] _bytes = new byte[LuoSessionSer.Size];
    private readonly LuoSessionSer _session = new("a session of a name like others", 0x1000, 3);
    private readonly LuoFileSer _file = new(MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE, 0x2000, 7);
    private readonly MemfdLuoSer _memfd =
        new(0, 1 << 30, 0xf, 0, 1 << 18, new KhoVmalloc(0x3000, 1 << 10, KhoVmalloc.KHO_VMALLOC_ALLOC, 0));
    private readonly byte[] _sessionBytes = new byte[LuoSessionSer.Size];
    private readonly byte[] _fileBytes = new byte[LuoFileSer.Size];
    private readonly byte[] _memfdBytes = new byte[MemfdLuoSer.Size];

    [GlobalSetup]
    public void Write()
    {
        _session.Write(_sessionBytes);
        _file.Write(_fileBytes);
        _memfd.Write(_memfdBytes);
    }

    [Benchmark(Description = "session record: write")]
    public void WriteSession() => _session.Write(_bytes);

    [Benchmark(Description = "session record: read")]
    public ulong ReadSession() => LuoSessionSer.Read(_sessionBytes).Count;

    [Benchmark(Description = "file record: write")]
    public void WriteFile() => _file.Write(_bytes);

    [Benchmark(Description = "file record: read")]
    public ulong ReadFile() => LuoFileSer.Read(_fileBytes).Token;

    [Benchmark(Description = "memfd record: write")]
    public void WriteMemfd() => _memfd.Write(_bytes);

    [Benchmark(Description = "memfd record: read")]
    public ulong ReadMemfd() => MemfdLuoSer.Read(_memfdBytes).FileSize;
}
