using System.Runtime.CompilerServices;

namespace LuoInterop.VmBenchmarks;

/// <summary>
/// Measures RETRIEVE_SESSION, through objects that were made before and through new ones, FINISH of a session whose one file
/// nobody retrieved, and the close afterwards.
/// </summary>
internal sealed unsafe class FinishCycle(LiveUpdateDevice device) : ICallCycle
{
    /// <summary>The sessions of a round, those of its four loops.</summary>
    public const int Sessions = Loops * Count;

    private const int Loops = 4;
    private const int Count = 32;
    private readonly string[][] _names = [.. Enumerable.Range(0, Loops).Select(static _ => new string[Count])];
    private readonly int[] _fds = new int[Count];
    private readonly LiveUpdateSession[] _made = new LiveUpdateSession[Count];
    private readonly LiveUpdateSession[] _sessions = new LiveUpdateSession[Count];
    private byte[] _nameBytes = [];

    public IReadOnlyList<string> Operations { get; } =
        ["retrieve a session", "finish a session", "close a finished session", "retrieve a session and its object"];

    public int Calls => Count;

    /// <summary>Gives the name of a session by its place among those of its round, in which they were created.</summary>
    public static string Name(int round, int place) => FormattableString.Invariant($"one-{round}-{place}");

    public void Begin(int round, bool nativeFirst)
    {
        // In the order in which the loops run: the kernel walks the list of sessions, and each loop finds its own first.
        for (int i = 0; i < Sessions; i++)
        {
            _names[nativeFirst ? i / Count : (i / Count) ^ 2][i % Count] = Name(round, i);
        }

        _nameBytes = Twins.Names([.. _names[0], .. _names[1]]);
        for (int i = 0; i < Count; i++)
        {
            _made[i] = new LiveUpdateSession(device.Kernel, _names[2][i]);
        }
    }

    public void Native(long[] nanoseconds)
    {
        int open = (int)device.Handle.DangerousGetHandle();
        fixed (int* fds = _fds)
        fixed (byte* names = _nameBytes)
        {
            nanoseconds[0] = Twins.Took(Twins.twin_retrieve_sessions(open, Count, names, fds), "RETRIEVE_SESSION");
            nanoseconds[1] = Twins.Took(Twins.twin_finish(Count, fds), "FINISH");
            nanoseconds[2] = Twins.Took(Twins.twin_close(Count, fds), "close");
            nanoseconds[3] = Twins.Took(
                Twins.twin_retrieve_sessions(open, Count, names + (Count * Twins.NameLength), fds), "RETRIEVE_SESSION");
            Twins.Took(Twins.twin_close(Count, fds), "close");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        timer.Start();
        foreach (LiveUpdateSession session in _made)
        {
            device.RetrieveSession(session);
        }

        timer.Stop(0);
        timer.Start();
        foreach (LiveUpdateSession session in _made)
        {
            session.Finish();
        }

        timer.Stop(1);
        timer.Start();
        foreach (LiveUpdateSession session in _made)
        {
            session.Dispose();
        }

        timer.Stop(2);
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _sessions[i] = device.RetrieveSession(_names[3][i]);
        }

        timer.Stop(3);
        foreach (LiveUpdateSession session in _sessions)
        {
            session.Finish();
            session.Dispose();
        }
    }
}
