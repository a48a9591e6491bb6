using LuoInterop;

namespace MiniVmm.Control;

/// <summary>Calls again while another process has the device, which only one can have open: each has it for a moment.</summary>
internal static class WhileBusy
{
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    /// <exception cref="KernelException">As the call; EBUSY after ten seconds.</exception>
    public static T Do<T>(Func<T> call)
    {
        long end = Environment.TickCount64 + (long)s_longest.TotalMilliseconds;
        while (true)
        {
            try
            {
                return call();
            }
            catch (KernelException error) when (error.Errno == Errno.EBUSY && Environment.TickCount64 < end)
            {
                Thread.Sleep(s_wait);
            }
        }
    }
}
