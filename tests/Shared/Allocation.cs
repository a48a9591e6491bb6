namespace LuoInterop.Tests.Shared;

/// <summary>Counts the bytes that an action allocates on the managed heap.</summary>
/// <remarks>The runtime's own tables grow now and then, and are counted to the thread that was there: the least of several runs counts,
/// and an action must do in each of them all that it is held to.</remarks>
internal static class Allocation
{
    private const int WarmUps = 64;
    private const int Attempts = 16;

    /// <summary>Gets how often an action is run.</summary>
    public const int Runs = WarmUps + Attempts;

    /// <summary>Measures an action that behaves the same every time; the least of several runs is what it needs.</summary>
    public static long Of(Action action) => Of(new int[Runs], _ => action());

    /// <summary>Measures an action that needs an object of its own for each of its <see cref="Runs"/>.</summary>
    public static long Of<T>(IReadOnlyList<T> objects, Action<T> action)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs; run++)
        {
            T made = objects[run];
            long before = GC.GetAllocatedBytesForCurrentThread();
            action(made);
            long needed = GC.GetAllocatedBytesForCurrentThread() - before;
            least = run < WarmUps ? least : Math.Min(least, needed);
        }

        return least;
    }
}
