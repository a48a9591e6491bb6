using System.Runtime.InteropServices;

namespace LuoInterop;

/// <summary>Owns a session's descriptor, and never closes it where that would drop or finish preserved files unasked.</summary>
/// <remarks>
/// Closing the last reference to an outgoing session drops all that it preserves; closing a retrieved one finishes it and
/// frees what was not retrieved (<c>luo_session_release</c> in luo_session.c). So a finalizer closes only a session whose
/// loss is harmless; any other descriptor stays open until the process ends, and the loss is reported.
/// </remarks>
internal sealed class SessionHandle : SafeHandle
{
    private readonly Kernel _kernel;
    private readonly string _name;
    private readonly SessionDirection _direction;

    public SessionHandle(Kernel kernel, int fd, string name, SessionDirection direction)
        : base(-1, ownsHandle: true)
    {
        _kernel = kernel;
        _name = name;
        _direction = direction;
        SetHandle(fd);
    }

    public override bool IsInvalid => handle < 0;

    /// <summary>Counts what closing would drop or free: files preserved or being preserved, or 1 for a session that is not finished.</summary>
    private int _stakes;

    public bool CloseIsHarmless => Volatile.Read(ref _stakes) == 0;

    /// <summary>Gets or sets whether the descriptor is meant to stay open until the kernel is replaced.</summary>
    public volatile bool Held;

    public void AddStake() => Interlocked.Increment(ref _stakes);

    public void RemoveStake() => Interlocked.Decrement(ref _stakes);

    public void ClearStakes() => Volatile.Write(ref _stakes, 0);

    /// <summary>Gives the descriptor up without closing it, and reports it unless it is held on purpose.</summary>
    public void Leak(SessionLeakCause cause)
    {
        int fd = (int)handle;
        SetHandleAsInvalid();
        if (!Held)
        {
            SessionLeak.Report(new SessionLeak(_name, _direction, fd, cause));
        }
    }

    protected override void Dispose(bool disposing)
    {
        // A finalizer gets here with disposing == false.
        if (!disposing && !IsInvalid && !IsClosed && (Held || !CloseIsHarmless))
        {
            Leak(SessionLeakCause.Collected);
        }

        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle() => _kernel.Close((int)handle) == 0;
}
