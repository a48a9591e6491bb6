using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures RETRIEVE_FD, as a file and as a memfd; the session of a round holds the files of its four loops.</summary>
internal sealed unsafe class RetrieveFileCycle(LiveUpdateDevice device) : ICallCycle
{
    /// <summary>The files that a loop retrieves.</summary>
    public const int Count = 16;

    /// <summary>The loops of a round: two in C, two managed.</summary>
    public const int Loops = 4;

    private readonly int[] _fds = new int[2 * Count];
    private readonly SafeFileHandle[] _files = new SafeFileHandle[Count];
    private readonly Memfd[] _memfds = new Memfd[Count];
    private LiveUpdateSession _session = null!;

    public IReadOnlyList<string> Operations { get; } = ["retrieve a file", "retrieve a memfd"];

    public int Calls => Count;

    /// <summary>Gives the name of a round's session.</summary>
    public static string Name(int round) => FormattableString.Invariant($"files-{round}");

    /// <summary>Gives the token of a file by its place in the session's list, which the kernel walks: each loop's files lie everywhere in it.</summary>
    public static ulong Token(int place) => (ulong)(((place % Loops) * Count) + (place / Loops));

    public void Begin(int round) => _session = device.RetrieveSession(Name(round));

    public void Native(long[] nanoseconds)
    {
        int session = (int)_session.Handle.DangerousGetHandle();
        fixed (int* fds = _fds)
        {
            nanoseconds[0] = Twins.Took(Twins.twin_retrieve(session, Count, 0, fds), "RETRIEVE_FD");
            nanoseconds[1] = Twins.Took(Twins.twin_retrieve(session, Count, Count, fds + Count), "RETRIEVE_FD");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _files[i] = _session.RetrieveFile((2 * Count) + (ulong)i);
        }

        timer.Stop(0);
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _memfds[i] = _session.RetrieveMemfd((3 * Count) + (ulong)i);
        }

        timer.Stop(1);
    }

    public void End()
    {
        fixed (int* fds = _fds)
        {
            Twins.Took(Twins.twin_close(_fds.Length, fds), "close");
        }

        for (int i = 0; i < Count; i++)
        {
            _files[i].Dispose();
            _memfds[i].Dispose();
        }

        _session.Finish();
        _session.Dispose();
    }
}
