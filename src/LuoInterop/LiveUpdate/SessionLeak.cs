namespace LuoInterop;

/// <summary>Says how a session's object was lost.</summary>
public enum SessionLeakCause
{
    /// <summary>The garbage collector found the object unreachable.</summary>
    Collected,
    /// <summary><see cref="LiveUpdateSession.Dispose"/> was called although closing would have dropped or freed files.</summary>
    Disposed,
}

/// <summary>Describes a session whose object was lost; its descriptor was left open so that no memory is lost with it.</summary>
/// <param name="Name">The session's name.</param>
/// <param name="Direction">Where the session goes or comes from.</param>
/// <param name="FileDescriptor">The descriptor's number, which <see cref="LiveUpdateSession.Adopt(Kernel, int)"/> takes over again.</param>
/// <param name="Cause">How the object was lost.</param>
public sealed record SessionLeak(string Name, SessionDirection Direction, int FileDescriptor, SessionLeakCause Cause)
{
    /// <summary>Occurs when a session's object is lost. Without a listener the sentence goes to standard error.</summary>
    /// <remarks>
    /// Raised on the finalizer's thread for <see cref="SessionLeakCause.Collected"/>: return quickly. What a listener throws there
    /// is discarded, because it would end the process, and with it every session that the process holds.
    /// </remarks>
    public static event Action<SessionLeak>? Occurred;

    /// <inheritdoc/>
    public override string ToString()
    {
        string how = Cause == SessionLeakCause.Collected ? "was garbage-collected" : "was disposed";
        string end = Direction == SessionDirection.Outgoing
            ? "while it preserves files. Its descriptor stays open, so that the files stay preserved; call HoldUntilKexec, or Abort "
                + "to drop them"
            : "before Finish. Its descriptor stays open, so that nothing is freed; call Finish when the restored state has proved itself";
        return $"LuoInterop: the session \"{Name}\" (descriptor {FileDescriptor}) {how} {end}.";
    }

    internal static void Report(SessionLeak leak)
    {
        try
        {
            if (Occurred is { } listeners)
            {
                listeners(leak);
            }
            else
            {
                Console.Error.WriteLine(leak);
            }
        }
        catch (Exception error) when (leak.Cause == SessionLeakCause.Collected || (error is IOException && Occurred is null))
        {
            // A listener's fault, or a standard error on a full disk. Nobody is above the finalizer's thread: the process would
            // end, and the kernel drop or finish all of its sessions.
        }
    }
}
