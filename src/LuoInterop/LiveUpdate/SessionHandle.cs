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

    public SessionHandle(Kernel kernel, string name)
        : base(-1, ownsHandle: true)
    {
        _kernel = kernel;
        Name = name;
    }

    public override bool IsInvalid => handle < 0;

    public string Name { get; }

    public SessionDirection Direction { get; private set; } = SessionDirection.None;

    /// <summary>Counts what closing would drop or free: files preserved or being preserved, or 1 for a session that is not
    /// finished.</summary>
    private int _stakes;

    /// <summary>Holds whether the session was ended by an explicit call, whatever the count says.</summary>
    private volatile bool _ended;

    /// <summary>Gets whether closing the descriptor loses nothing that anybody still counts on.</summary>
    public bool CloseIsHarmless => _ended || (!Held && Volatile.Read(ref _stakes) == 0);

    /// <summary>Gets whether the descriptor was given up without closing it.</summary>
    public bool IsLeaked { get; private set; }

    /// <summary>Gets or sets whether the descriptor is meant to stay open until the kernel is replaced.</summary>
    public volatile bool Held;

    /// <summary>Takes the session's descriptor. Closing that of an incoming session finishes it: a stake from the start.</summary>
    public void Open(int fd, SessionDirection direction)
    {
        _stakes = direction == SessionDirection.Incoming ? 1 : 0;
        Direction = direction;
        SetHandle(fd);
        _kernel.Owned(this);
    }

    public void AddStake() => Interlocked.Increment(ref _stakes);

    public void RemoveStake() => Interlocked.Decrement(ref _stakes);

    /// <summary>Allows closing for good: the session is finished or aborted. Calls that still run cannot take it back.</summary>
    public void End() => _ended = true;

    /// <summary>Gives the descriptor up without closing it, and reports it unless it is held on purpose.</summary>
    public void Leak(SessionLeakCause cause)
    {
        SetHandleAsInvalid();
        GiveUp(cause);
    }

    protected override void Dispose(bool disposing)
    {
        // A finalizer gets here with disposing == false.
        if (!disposing && !IsInvalid && !IsClosed && !CloseIsHarmless)
        {
            Leak(SessionLeakCause.Collected);
        }

        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        if (CloseIsHarmless)
        {
            return _kernel.Close((int)handle) == 0;
        }

        // The session was disposed while another thread preserved a file into it.
        GiveUp(SessionLeakCause.Disposed);
        return true;
    }

    private void GiveUp(SessionLeakCause cause)
    {
        IsLeaked = true;
        if (!Held)
        {
            SessionLeak.Report(new SessionLeak(Name, Direction, (int)handle, cause));
        }
    }
}
