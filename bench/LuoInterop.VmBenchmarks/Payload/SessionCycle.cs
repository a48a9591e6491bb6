using System.Runtime.CompilerServices;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures CREATE_SESSION, through objects that were made before and through new ones,
/// and the close that drops the session.</summary>
internal sealed unsafe class SessionCycle : ICallCycle
{
    private const int Count = 32;
    private readonly string[] _names = [.. Enumerable.Range(0, Count).Select(static i => $"bench-session-{i}")];
    private readonly byte[] _nameBytes;
    private readonly int[] _fds = new int[Count];
    private readonly LiveUpdateSession[] _sessions = new LiveUpdateSession[Count];
    private readonly LiveUpdateDevice _device;

    public SessionCycle(LiveUpdateDevice device)
    {
        _device = device;
        _nameBytes = Twins.Names(_names);
    }

    public IReadOnlyList<string> Operations { get; } =
        ["create a session", "drop a session", "create a session and its object", "drop a session and its object"];

    public int Calls => Count;

    public void Begin(int round, bool nativeFirst)
    {
        for (int i = 0; i < Count; i++)
        {
            _sessions[i] = new LiveUpdateSession(_device.Kernel, _names[i]);
        }
    }

    public void Native(long[] nanoseconds)
    {
        fixed (int* fds = _fds)
        fixed (byte* names = _nameBytes)
        {
            int device = (int)_device.Handle.DangerousGetHandle();
            for (int i = 0; i < Operations.Count; i += 2)
            {
                nanoseconds[i] = Twins.Took(Twins.twin_create_sessions(device, Count, names, fds), "CREATE_SESSION");
                nanoseconds[i + 1] = Twins.Took(Twins.twin_close(Count, fds), "close");
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        timer.Start();
        foreach (LiveUpdateSession session in _sessions)
        {
            _device.CreateSession(session);
        }

        timer.Stop(0);
        timer.Start();
        foreach (LiveUpdateSession session in _sessions)
        {
            session.Abort();
        }

        timer.Stop(1);
        timer.Start();
        for (int i = 0; i < Count; i++)
        {
            _sessions[i] = _device.CreateSession(_names[i]);
        }

        timer.Stop(2);
        timer.Start();
        foreach (LiveUpdateSession session in _sessions)
        {
            session.Abort();
        }

        timer.Stop(3);
    }
}
