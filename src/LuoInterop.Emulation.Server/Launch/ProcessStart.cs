using System.Diagnostics;

namespace LuoInterop.Emulation.Server.Launch;

/// <summary>Starts processes, none while a descriptor is being given away.</summary>
/// <remarks>
/// A process that is being started has every descriptor of this one until it execs (fork(2)). What it has of a file that a program was
/// just given keeps that file open after the program has closed it: a session would not be gone with its last descriptor.
/// Processes that others start in this process do not wait. Safe for use from several threads at once.
/// </remarks>
internal static class ProcessStart
{
    // Who gives a descriptor away reads; who starts a process writes. All machines of this process have the same descriptors.
    private static readonly ReaderWriterLockSlim s_lock = new();

    /// <summary>Starts a process.</summary>
    public static Process? Run(ProcessStartInfo start)
    {
        s_lock.EnterWriteLock();
        try
        {
            return Process.Start(start);
        }
        finally
        {
            s_lock.ExitWriteLock();
        }
    }

    /// <summary>Lets no process be started until this thread allows it.</summary>
    public static void HoldOff() => s_lock.EnterReadLock();

    /// <summary>Ends what <see cref="HoldOff"/> began.</summary>
    public static void Allow() => s_lock.ExitReadLock();
}
