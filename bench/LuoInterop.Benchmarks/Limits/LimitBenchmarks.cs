using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Tmds.Linux;

namespace LuoInterop.Benchmarks;

/// <summary>Measures what nothing can be cheaper than: a system call that does nothing, and a copy of memory by one core.</summary>
public unsafe partial class LimitBenchmarks
{
    private void* _from;
    private void* _to;

    /// <summary>Gets the bytes that are copied: more than the caches of a processor hold.</summary>
    internal static nuint CopySize => 64 << 20;

    [GlobalSetup]
    public void Allocate()
    {
        _from = NativeMemory.Alloc(CopySize);
        _to = NativeMemory.Alloc(CopySize);
        NativeMemory.Fill(_from, CopySize, 1);
        NativeMemory.Fill(_to, CopySize, 2);
    }

    // getppid(2) is not cached by libc, as getpid(2) once was.
    [Benchmark(Description = OperationNames.SystemCall)]
    public int SystemCall() => LibC.getppid();

    // SAFETY: both were allocated with this size, and are freed in the cleanup.
    [Benchmark(Description = OperationNames.MemoryCopy)]
    public void MemoryCopy() => NativeMemory.Copy(_from, _to, CopySize);

    [GlobalCleanup]
    public void Free()
    {
        NativeMemory.Free(_from);
        NativeMemory.Free(_to);
    }
}
