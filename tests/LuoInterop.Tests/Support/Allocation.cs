namespace LuoInterop.Tests.Support;

/// <summary>Counts the bytes that an action allocates on the managed heap.</summary>
internal static class Allocation
{
    private const int WarmUps = 64;
    private const int Attempts = 16;

    /// <summary>Measures an action that behaves the same every time; the least of several runs is what it needs.</summary>
    public static long Of(Action action)
    {
        for (int run = 0; run < WarmUps; run++)
        {
            action();
        }

        long least = long.MaxValue;
        for (int run = 0; run < Attempts; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
