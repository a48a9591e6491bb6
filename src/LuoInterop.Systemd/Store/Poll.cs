using LuoInterop.Interop;
using LuoInterop.Shared.Interop;
using Tmds.Linux;

namespace LuoInterop.Systemd.Store;

/// <summary>Waits for a descriptor: poll(2).</summary>
internal static unsafe class Poll
{
    /// <summary>Waits until a descriptor is ready, hung up or broken.</summary>
    /// <returns>Whether it is; false where the time is over before.</returns>
    public static bool Wait(int fd, int events, Deadline deadline)
    {
        while (true)
        {
            deadline.Cancellation.ThrowIfCancellationRequested();

            // Read before: when the last look finds nothing, the time was over before it.
            bool isLast = deadline.HasPassed;
            var one = new pollfd { fd = fd, events = (short)events };

            // SAFETY: the structure is on this stack, and poll(2) keeps no pointer to it.
            int ready = SystemCall.Result(PollHeader.poll(&one, 1, deadline.PollMilliseconds));
            if (ready > 0)
            {
                return true;
            }

            if (ready < 0 && ready != -(int)Errno.EINTR)
            {
                throw KernelException.For(ready, "poll");
            }

            if (isLast)
            {
                return false;
            }
        }
    }
}
