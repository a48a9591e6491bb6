using System.Runtime.CompilerServices;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures PRESERVE_FD of files of a page, alone and after a look at the file's seals,
/// which the managed API takes by default.</summary>
internal sealed unsafe class PreserveCycle : ICallCycle, IDisposable
{
    private const int Count = 32;
    private readonly Memfd[] _files = new Memfd[Count];
    private readonly int[] _fds = new int[Count];
    private readonly LiveUpdateDevice _device;

    public PreserveCycle(LiveUpdateDevice device)
    {
        _device = device;
        for (int i = 0; i < Count; i++)
        {
            _files[i] = Memfd.Create(Kernel.Linux, "bench", 4096);
            _files[i].Write(0, [1]);
            _fds[i] = (int)_files[i].Handle.DangerousGetHandle();
        }
    }

    public IReadOnlyList<string> Operations { get; } = ["preserve a file", "look at its seals and preserve a file"];

    public int Calls => Count;

    public void Native(long[] nanoseconds)
    {
        for (int look = 0; look < 2; look++)
        {
            LiveUpdateSession session = Open();
            fixed (int* fds = _fds)
            {
                nanoseconds[look] = Twins.Took(
                    Twins.twin_preserve((int)session.Handle.DangerousGetHandle(), Count, fds, 0, look), "PRESERVE_FD");
            }

            session.Abort();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        for (int look = 0; look < 2; look++)
        {
            LiveUpdateSession session = Open();
            PreserveOptions options = look == 0 ? PreserveOptions.AllowExecSeal : PreserveOptions.None;
            timer.Start();
            for (int i = 0; i < Count; i++)
            {
                session.Preserve(_files[i], (ulong)i, options);
            }

            timer.Stop(look);
            session.Abort();
        }
    }

    public void Dispose()
    {
        foreach (Memfd file in _files)
        {
            file.Dispose();
        }
    }

    private LiveUpdateSession Open() => _device.CreateSession("bench-preserve");
}
