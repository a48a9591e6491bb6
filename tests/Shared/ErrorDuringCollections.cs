using System.Runtime.InteropServices;
using Xunit;

namespace LuoInterop.Tests.Shared;

/// <summary>Makes a call that is refused while another thread collects garbage without end: the call's errno is what comes out.</summary>
internal static class ErrorDuringCollections
{
    // No call here gives it.
    private const int EHWPOISON = 133;

    private const int Meetings = 1;

    // A call that no collection met proves nothing. On one processor a collection begins in a call once in a time slice.
    private const int MaximumCalls = 50_000_000;

    /// <summary>Calls until a call had a collection in its midst. Before each,
    /// errno and what was saved of it are another number.</summary>
    /// <param name="call">Gives <c>-errno</c>.</param>
    /// <param name="expected">The errno's number, or those that the host's rights and filters choose from.</param>
    public static void Check(Func<nint> call, params int[] expected)
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                _ = new byte[10_000];
                GC.Collect(0);
            }
        });
        collector.Start();
        try
        {
            int met = 0;
            for (int i = 0; met < Meetings && i < MaximumCalls; i++)
            {
                Marshal.SetLastSystemError(EHWPOISON);
                Marshal.SetLastPInvokeError(EHWPOISON);
                int before = GC.CollectionCount(0);
                nint result = call();
                met += GC.CollectionCount(0) != before ? 1 : 0;
                Assert.Contains(-(int)result, expected);
            }

            Assert.Equal(Meetings, met);
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }
}
