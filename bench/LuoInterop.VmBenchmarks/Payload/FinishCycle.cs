using System.Runtime.CompilerServices;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures RETRIEVE_SESSION, FINISH of a session whose one file nobody retrieved, and the close afterwards.</summary>
internal sealed unsafe class FinishCycle(LiveUpdateDevice device) : ICallCycle
{
    /// <summary>The sessions of a round: half for C, half for the managed loops.</summary>
    public const int Sessions = 2 * Count;

    private const int Count = 16;
    private readonly string[] _managedNames = new string[Count];
    private readonly string[] _nativeNames = new string[Count];
    private readonly int[] _fds = new int[Count];
    private readonly LiveUpdateSession[] _sessions = new LiveUpdateSession[Count];
    private byte[] _nameBytes = [];

    public IReadOnlyList<string> Operations { get; } = ["retrieve a session", "finish a session", "close a finished session"];

    public int Calls => Count;

    /// <summary>Gives the name of a session by its place among those of its round, in which they were created.</summary>
    public static string Name(int round, int place) => FormattableString.Invariant($"one-{round}-{place}");

    public void Begin(int round)
    {
        // In turn: the kernel walks the list of sessions, and neither side's lie further down.
        for (int i = 0; i < Count; i++)
        {
            _nativeNames[i] = Name(round, 2 * i);
            _managedNames[i] = Name(round, (2 * i) + 1);
        }

        _nameBytes = Twins.Names(_nativeNames);
    }

    public void Native(long[] nanoseconds)
    {
        fixed (int* fds = _fds)
        fixed (byte* names = _nameBytes)
        {
            nanoseconds[0] = Twins.Took(
                Twins.twin_retrieve_sessions((int)device.Handle.DangerousGetHandle(), Count, names, fds), "RETRIEVE_SESSION");
            nanoseconds[1] = Twins.Took(Twins.twin_finish(Count, fds), "FINISH");
            nanoseconds[2] = Twins.Took(Twins.twin_close(Count, fds), "close");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _sessions[i] = device.RetrieveSession(_managedNames[i]);
        }

        timer.Stop(0);
        timer.Start();
        foreach (LiveUpdateSession session in _sessions)
        {
            session.Finish();
        }

        timer.Stop(1);
        timer.Start();
        foreach (LiveUpdateSession session in _sessions)
        {
            session.Dispose();
        }

        timer.Stop(2);
    }

    public void End()
    {
    }
}
