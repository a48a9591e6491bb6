using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Does what people do instead: writes memory to a file, and reads it back.</summary>
/// <remarks>The memory that is read into is there already. After a reboot it would have to be allocated first:
/// this is the copy at its best.</remarks>
internal sealed class FileCopy : IDisposable
{
    private const int Step = 8 << 20;

    private readonly MemfdMapping _memory;
    private readonly long _size;
    private readonly string _folder;
    private readonly bool _toDisk;
    private SafeFileHandle? _file;

    /// <param name="size">How much is copied, in bytes.</param>
    /// <param name="folder">Where the file is made.</param>
    /// <param name="toDisk">Whether it is written to the disk itself and read from there: a reboot loses the page cache.</param>
    public FileCopy(long size, string folder, bool toDisk)
    {
        _size = size;
        _folder = folder;
        _toDisk = toDisk;

        // The memory is lent: its descriptor stays open for the next benchmark.
        var lent = new Memfd(new KernelHandle(Kernel.Linux, PopulatedMemory.Take(size)));
        _memory = lent.Map();
        lent.Handle.SetHandleAsInvalid();
    }

    /// <summary>Writes and reads.</summary>
    public void Run()
    {
        // Without a name at once: however this program ends, the host has its memory back.
        string path = Path.Combine(_folder, $"luo-bench-{Environment.ProcessId}");
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        File.Delete(path);
        Write(_file);
        Read(_file);
    }

    /// <summary>Frees the file.</summary>
    public void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    public void Dispose()
    {
        _memory.Dispose();
        Close();
    }

    private void Write(SafeFileHandle file)
    {
        for (long offset = 0; offset < _size; offset += Step)
        {
            RandomAccess.Write(file, _memory.GetReadOnlySpan(offset, Length(offset)), offset);
        }

        if (_toDisk)
        {
            RandomAccess.FlushToDisk(file);
            PageCache.Drop(file);
        }
    }

    private void Read(SafeFileHandle file)
    {
        for (long offset = 0; offset < _size;)
        {
            int count = RandomAccess.Read(file, _memory.GetSpan(offset, Length(offset)), offset);
            offset += count > 0 ? count : throw new InvalidOperationException($"The copy ends at {offset}.");
        }
    }

    private int Length(long offset) => (int)Math.Min(Step, _size - offset);
}
