using System.Runtime.CompilerServices;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures what a program does with a memfd before anything is preserved.</summary>
internal sealed unsafe class MemfdCycle : ICallCycle
{
    private const long Size = 4096;
    private readonly int[] _fds = new int[32];
    private readonly Memfd[] _files = new Memfd[32];

    public IReadOnlyList<string> Operations { get; } =
        ["create a memfd", "size a memfd", "seal a memfd", "map and unmap a memfd", "close a memfd"];

    public int Calls => _fds.Length;

    public void Native(long[] nanoseconds)
    {
        fixed (int* fds = _fds)
        {
            nanoseconds[0] = Twins.Took(Twins.twin_memfd_create(Calls, fds), "memfd_create");
            nanoseconds[1] = Twins.Took(Twins.twin_memfd_size(Calls, fds, Size), "ftruncate");
            nanoseconds[2] = Twins.Took(Twins.twin_memfd_seal(Calls, fds, (int)MemfdSeals.Shrink), "F_ADD_SEALS");
            nanoseconds[3] = Twins.Took(Twins.twin_memfd_map(Calls, fds, Size), "mmap");
            nanoseconds[4] = Twins.Took(Twins.twin_close(Calls, fds), "close");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        Memfd[] files = _files;
        timer.Start();
        for (int i = 0; i < files.Length; i++)
        {
            files[i] = Memfd.Create(Kernel.Linux, "bench");
        }

        timer.Stop(0);
        timer.Start();
        foreach (Memfd file in files)
        {
            file.SetSize(Size);
        }

        timer.Stop(1);
        timer.Start();
        foreach (Memfd file in files)
        {
            file.AddSeals(MemfdSeals.Shrink);
        }

        timer.Stop(2);
        timer.Start();
        foreach (Memfd file in files)
        {
            file.Map(0, Size).Dispose();
        }

        timer.Stop(3);
        timer.Start();
        foreach (Memfd file in files)
        {
            file.Dispose();
        }

        timer.Stop(4);
    }
}
