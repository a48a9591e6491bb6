using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures what people do instead: write the memory to a file, and read it back.</summary>
/// <remarks>The memory that is read into is there already. After a reboot it would have to be allocated first: this is the copy at its best.</remarks>
public class CopyBenchmarks
{
    private const int Step = 8 << 20;

    private MemfdMapping _memory = null!;
    private string _path = "";

    public static IEnumerable<long> Sizes => Scale.Sizes.Where(static size => MemoryBound.Allows(2 * size));

    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [GlobalSetup(Target = nameof(ThroughTmpfs))]
    public void InTmpfs() => Prepare("/dev/shm");

    [GlobalSetup(Target = nameof(ThroughDisk))]
    public void OnDisk() => Prepare(Path.GetTempPath());

    [Benchmark]
    public void ThroughTmpfs()
    {
        Write(toDisk: false);
        Read();
    }

    // Written to the disk itself, and read from there: a reboot loses the page cache.
    [Benchmark]
    public void ThroughDisk()
    {
        Write(toDisk: true);
        Read();
    }

    [IterationCleanup]
    public void Delete() => File.Delete(_path);

    [GlobalCleanup]
    public void Dispose() => _memory.Dispose();

    private void Prepare(string folder)
    {
        _path = Path.Combine(folder, $"luo-bench-{Environment.ProcessId}");
        using var memfd = new Memfd(Kernel.Linux, new SafeFileHandle(PopulatedMemory.Take(Size), ownsHandle: false));
        _memory = memfd.Map();
    }

    private void Write(bool toDisk)
    {
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Create, FileAccess.Write);
        for (long offset = 0; offset < Size; offset += Step)
        {
            RandomAccess.Write(file, _memory.GetReadOnlySpan(offset, Length(offset)), offset);
        }

        if (toDisk)
        {
            RandomAccess.FlushToDisk(file);
            PageCache.Drop(file);
        }
    }

    private void Read()
    {
        using SafeFileHandle file = File.OpenHandle(_path);
        for (long offset = 0; offset < Size;)
        {
            int count = RandomAccess.Read(file, _memory.GetSpan(offset, Length(offset)), offset);
            offset += count > 0 ? count : throw new InvalidOperationException($"{_path} ends at {offset}.");
        }
    }

    private int Length(long offset) => (int)Math.Min(Step, Size - offset);
}
