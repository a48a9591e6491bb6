namespace MiniVmm.Machine;

/// <summary>Waits until a guest that was put back has shown that it runs.</summary>
internal static class ProofOfLife
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits until one of the guest's vCPUs is no longer where it was put.</summary>
    /// <param name="machine">The guest, running.</param>
    /// <param name="marks">Where its vCPUs were put.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>Whether it has run. It is running then; otherwise it may have ended.</returns>
    /// <remarks>A vCPU that halts makes no exit, so each look stops the guest for a moment.</remarks>
    public static bool Wait(GuestMachine machine, VcpuMark[] marks, TimeSpan patience)
    {
        long start = Environment.TickCount64;
        TimeSpan wait = s_firstWait;
        while (Environment.TickCount64 - start < patience.TotalMilliseconds && !machine.Ended.IsCompleted)
        {
            // A guest that is looked at all the time comes to nothing on a busy host.
            Thread.Sleep(wait);
            wait = wait * 2 < s_longestWait ? wait * 2 : s_longestWait;
            machine.Pause();
            bool hasRun = !machine.Marks().AsSpan().SequenceEqual(marks);
            machine.Resume();
            if (hasRun)
            {
                return true;
            }
        }

        return false;
    }
}
