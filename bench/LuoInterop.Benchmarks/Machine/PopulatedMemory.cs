namespace LuoInterop.Benchmarks;

/// <summary>Keeps the memfd of one measurement for the next one of the same size: to allocate gigabytes takes seconds each time.</summary>
/// <remarks>The emulated kernel hands the same pages over and gives them back as another open file; this one stays as it is.</remarks>
internal static class PopulatedMemory
{
    private static Memfd? _kept;
    private static long _size;

    /// <summary>Gives the descriptor of a memfd of a size with all of its pages. It stays this class',
    /// and open until another size is asked for.</summary>
    public static int Take(long size)
    {
        if (_kept is null || _size != size)
        {
            Release();
            _kept = Memfd.Create(Kernel.Linux, "luo-bench", size);
            _kept.Allocate(0, size);
            _size = size;
        }

        return (int)_kept.Handle.DangerousGetHandle();
    }

    /// <summary>Frees the pages of the kept memfd, past the emulated kernel; its size stays.</summary>
    public static void PunchHole() => _kept!.PunchHole(0, _size);

    /// <summary>Frees the memory.</summary>
    public static void Release()
    {
        _kept?.Dispose();
        _kept = null;
    }
}
