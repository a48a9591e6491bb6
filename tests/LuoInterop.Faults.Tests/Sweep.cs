using System.Collections.Concurrent;
using LuoInterop.Emulation;
using LuoInterop.Emulation.Boot;
using Xunit.Abstractions;

namespace LuoInterop.Faults.Tests;

/// <summary>Runs the demo once for each fault, and then once more without: whatever happened, the second run ends well,
/// and nothing leaks.</summary>
internal sealed class Sweep
{
    private static readonly KernelFootprint Sound = Measure();

    private readonly Dictionary<string, int> _endings = [];
    private readonly ConcurrentQueue<SessionLeak> _leaks = [];
    private readonly ITestOutputHelper _output;
    private int _count;

    public Sweep(ITestOutputHelper output)
    {
        // Sessions of the sweep before are not this one's.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _output = output;
        SessionLeak.Occurred += _leaks.Enqueue;
    }

    /// <summary>Runs the demo with a fault.</summary>
    /// <param name="arm">Arms it.</param>
    /// <param name="check">Checks the end of that run beyond what holds for every fault.</param>
    public void Run(Func<FaultInjection, InjectedFault> arm, Action<Ending>? check = null)
    {
        _count++;
        string[] descriptors = HostState.Descriptors();
        int mappings = HostState.Mappings();
        InjectedFault fault;
        using (var demo = new DemoMachine())
        {
            fault = arm(demo.Faults);
            try
            {
                Run(demo, fault, check);
            }
            catch (Xunit.Sdk.XunitException wrong)
            {
                Assert.Fail($"{fault}\n{wrong}");
            }
        }

        // The finalizer has not run: what is left open was forgotten.
        Assert.True(
            descriptors.SequenceEqual(HostState.Descriptors()), $"{fault}\nleft open: {string.Join(", ", HostState.Descriptors())}");
        Assert.True(mappings == HostState.Mappings(), $"{fault}\nleft mapped");
    }

    /// <summary>Prints how many faults were swept, and how the runs ended; checks that no session was lost but the demo's own,
    /// once in a run.</summary>
    /// <param name="what">What the faults were.</param>
    /// <param name="atLeast">How many there must have been, so that a sweep that became small shows.</param>
    public void Report(string what, int atLeast)
    {
        Assert.True(_count >= atLeast, $"only {_count} faults were swept: {what}");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        SessionLeak.Occurred -= _leaks.Enqueue;
        Assert.All(_leaks, static leak => Assert.Equal("luo-demo", leak.Name));
        Assert.True(_leaks.Count <= _count, $"{_leaks.Count} sessions were lost in {_count} runs");
        _output.WriteLine($"{_count} faults swept: {what}; {_leaks.Count} sessions left open at the end of their process, and reported");
        foreach ((string ending, int count) in _endings.OrderByDescending(static pair => pair.Value))
        {
            _output.WriteLine($"{count,6}  {ending}");
        }
    }

    private void Run(DemoMachine demo, InjectedFault fault, Action<Ending>? check)
    {
        Ending ending = demo.Run();
        Assert.True(fault.HasFired, "did not fire");
        demo.Faults.Clear();
        string name = Name(ending);
        _endings[name] = _endings.GetValueOrDefault(name) + 1;
        ending.MustBeNamed();
        check?.Invoke(ending);
        if (demo.Machine.IsRunning && !demo.IsInNextKernel)
        {
            // Whatever was preserved, the end of the process undid it.
            Assert.Equal(demo.Baseline, demo.Footprint);
        }

        Ending again = demo.Run();
        if (again.Error is KernelException { Errno: Errno.EIO or Errno.ENOENT, Operation: "open of the live update device" } lost)
        {
            // The kernel cannot read what was handed over, or is without LUO: both say so, and last until the next boot.
            Assert.Contains("lost to user space", lost.Message, StringComparison.Ordinal);
            demo.Restart();
            again = demo.Run();
        }

        Assert.True(again.Passed, $"after {ending}\nthe next run ended with {again}");
        Assert.Equal(Sound, demo.Footprint);
    }

    private static string Name(Ending ending) => ending switch
    {
        { Error: KernelException refused } => $"refused: {refused.Operation}",
        { Error: SessionCatalogueException unusable } => $"catalogue: {unusable.Fault}",
        { Error: { } error } => error.GetType().Name,
        { WasKilled: true } => "killed",
        { Passed: true, SaysLost: true } => "passed, after memory was lost and said so",
        { Passed: true } => "passed",
        _ => "FAILED, said by the program",
    };

    // What a kernel holds after a whole run, and after the next one.
    private static KernelFootprint Measure()
    {
        using var demo = new DemoMachine();
        Assert.True(demo.Run().Passed);
        KernelFootprint footprint = demo.Footprint;
        Assert.Equal(0, footprint.Folios + footprint.FrozenFiles + footprint.PreservedFiles);
        Assert.True(demo.Run().Passed);
        Assert.Equal(footprint, demo.Footprint);
        return footprint;
    }
}
