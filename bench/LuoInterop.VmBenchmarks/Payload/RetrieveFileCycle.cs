using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.VmBenchmarks;

/// <summary>
/// Measures RETRIEVE_FD, into handles that were made before, and with new handles and memfds; the session of a round holds the
/// files of its six loops.
/// </summary>
internal sealed unsafe class RetrieveFileCycle(LiveUpdateDevice device) : ICallCycle
{
    /// <summary>The files that a loop retrieves.</summary>
    public const int Count = 32;

    /// <summary>The loops of a round: three in C, three managed.</summary>
    public const int Loops = 2 * Kinds;

    private const int Kinds = 3;
    private readonly int[] _fds = new int[Kinds * Count];
    private readonly KernelHandle[] _made = new KernelHandle[Count];
    private readonly KernelHandle[] _files = new KernelHandle[Count];
    private readonly Memfd[] _memfds = new Memfd[Count];
    private LiveUpdateSession _session = null!;

    public IReadOnlyList<string> Operations { get; } =
        ["retrieve a file", "retrieve a file and its handle", "retrieve a memfd and its handle"];

    public int Calls => Count;

    /// <summary>Gives the name of a round's session.</summary>
    public static string Name(int round) => FormattableString.Invariant($"files-{round}");

    /// <summary>Gives the token of a file by its place in the session's list, which the kernel walks:
    /// each loop's files lie everywhere in it.</summary>
    public static ulong Token(int place) => (ulong)(((place % Loops) * Count) + (place / Loops));

    public void Begin(int round, bool nativeFirst)
    {
        _session = device.RetrieveSession(Name(round));
        for (int i = 0; i < Count; i++)
        {
            _made[i] = new KernelHandle(Kernel.Linux);
        }
    }

    public void Native(long[] nanoseconds)
    {
        int session = (int)_session.Handle.DangerousGetHandle();
        fixed (int* fds = _fds)
        {
            for (int i = 0; i < Kinds; i++)
            {
                nanoseconds[i] = Twins.Took(Twins.twin_retrieve(session, Count, (ulong)(i * Count), fds + (i * Count)), "RETRIEVE_FD");
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _session.RetrieveFile((Kinds * Count) + (ulong)i, _made[i]);
        }

        timer.Stop(0);
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _files[i] = _session.RetrieveFile(((Kinds + 1) * Count) + (ulong)i);
        }

        timer.Stop(1);
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _memfds[i] = _session.RetrieveMemfd(((Kinds + 2) * Count) + (ulong)i);
        }

        timer.Stop(2);
    }

    public void End()
    {
        fixed (int* fds = _fds)
        {
            Twins.Took(Twins.twin_close(_fds.Length, fds), "close");
        }

        for (int i = 0; i < Count; i++)
        {
            _made[i].Dispose();
            _files[i].Dispose();
            _memfds[i].Dispose();
        }

        _session.Finish();
        _session.Dispose();
    }
}
