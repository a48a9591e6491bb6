namespace LuoInterop.VmBenchmarks;

/// <summary>Runs C and managed loops in turn, each first in every second round, and gives what each took.</summary>
internal static class CallRounds
{
    private const int Compilations = 12;

    // Longer than the runtime waits before it compiles anew what is called often, which it does twice: to watch, and for good.
    private static readonly TimeSpan s_compilation = TimeSpan.FromMilliseconds(300);

    /// <summary>Measures.</summary>
    /// <param name="cycle">What to run.</param>
    /// <param name="warmUp">How many rounds come first and do not count: in these the runtime compiles the managed loops for good.</param>
    /// <param name="rounds">How many rounds count.</param>
    public static IReadOnlyList<CallResult> Measure(ICallCycle cycle, int warmUp, int rounds)
    {
        int operations = cycle.Operations.Count;
        long[] native = new long[operations];
        var managed = new CallTimer(operations);
        double[][] nativeNs = Table(operations, rounds);
        double[][] managedNs = Table(operations, rounds);
        double[][] managedBytes = Table(operations, rounds);
        for (int round = 0; round < warmUp + rounds; round++)
        {
            bool nativeFirst = round % 2 == 0;
            cycle.Begin(round, nativeFirst);
            if (nativeFirst)
            {
                cycle.Native(native);
                cycle.Managed(managed);
            }
            else
            {
                cycle.Managed(managed);
                cycle.Native(native);
            }

            cycle.End();
            if (round < warmUp)
            {
                // The compiler works beside: it must be done before what counts begins.
                Thread.Sleep(round >= warmUp - Compilations ? s_compilation : TimeSpan.Zero);
                continue;
            }

            for (int i = 0; i < operations; i++)
            {
                nativeNs[i][round - warmUp] = (double)native[i] / cycle.Calls;
                managedNs[i][round - warmUp] = (double)managed.Nanoseconds[i] / cycle.Calls;
                managedBytes[i][round - warmUp] = (double)managed.Bytes[i] / cycle.Calls;
            }
        }

        return [.. cycle.Operations.Select((name, i) => new CallResult(name, nativeNs[i], managedNs[i], managedBytes[i]))];
    }

    private static double[][] Table(int operations, int rounds) => [.. Enumerable.Range(0, operations).Select(_ => new double[rounds])];
}
