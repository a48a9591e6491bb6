namespace LuoInterop.Tests.Support;

/// <summary>Makes the garbage collector find everything that is unreachable.</summary>
internal static class Collector
{
    private const int Rounds = 3;

    public static void Run()
    {
        for (int round = 0; round < Rounds; round++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
        }
    }
}
