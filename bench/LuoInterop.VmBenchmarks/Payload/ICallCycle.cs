namespace LuoInterop.VmBenchmarks;

/// <summary>Is a sequence of operations, each a loop of calls, once in C and once through the managed API, on equal state.</summary>
internal interface ICallCycle
{
    /// <summary>Gets the operations' names.</summary>
    IReadOnlyList<string> Operations { get; }

    /// <summary>Gets how many calls a loop makes.</summary>
    int Calls { get; }

    /// <summary>Prepares a round; most have nothing to prepare.</summary>
    void Begin(int round, bool nativeFirst)
    {
    }

    /// <summary>Runs the loops in C; puts each one's nanoseconds into the array.</summary>
    void Native(long[] nanoseconds);

    /// <summary>Runs the same loops through the managed API; the loops themselves are compiled for good at once, as C's are.</summary>
    void Managed(CallTimer timer);

    /// <summary>Ends a round; most leave nothing behind.</summary>
    void End()
    {
    }
}
