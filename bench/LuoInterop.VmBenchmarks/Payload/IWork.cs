using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Is what is done around one kexec: some before it, the rest in the next kernel.</summary>
internal interface IWork
{
    /// <summary>Gets the words that <see cref="WorkList"/> makes the same work from.</summary>
    string Words { get; }

    /// <summary>Gets what it is, for people.</summary>
    string Title { get; }

    /// <summary>Does what comes before the kexec, and loads the next kernel.</summary>
    void Leave(Guest guest);

    /// <summary>Does the rest, in the next kernel.</summary>
    void Arrive(Guest guest);
}
