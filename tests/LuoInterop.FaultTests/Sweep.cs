using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation;
using Xunit.Abstractions;

namespace LuoInterop.FaultTests;

/// <summary>Runs the demo once for each fault, and then once more without: whatever happened, the second run ends well, and nothing leaks.</summary>
internal sealed class Sweep(ITestOutputHelper output)
{
    private static readonly KernelFootprint Sound = Measure();

    private readonly Dictionary<string, int> _endings = [];
    private int _count;

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
        Assert.True(descriptors.SequenceEqual(HostState.Descriptors()), $"{fault}\nleft open: {string.Join(", ", HostState.Descriptors())}");
        Assert.True(mappings == HostState.Mappings(), $"{fault}\nleft mapped");
    }

    /// <summary>Prints how many faults were swept, and how the runs ended.</summary>
    public void Report(string what)
    {
        output.WriteLine($"{_count} faults swept: {what}");
        foreach ((string ending, int count) in _endings.OrderByDescending(static pair => pair.Value))
        {
            output.WriteLine($"{count,6}  {ending}");
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
        if (again.Error is LiveUpdateException { Errno: Errno.EIO or Errno.ENOENT, Operation: "open of the live update device" } lost)
        {
            // The kernel cannot read what was handed over, or is without LUO: both say so, and last until the next boot.
            Assert.True(lost.Message.Contains("lost", StringComparison.Ordinal) || lost.Errno == Errno.ENOENT, lost.Message);
            demo.Restart();
            again = demo.Run();
        }

        Assert.True(again.Passed, $"after {ending}\nthe next run ended with {again}");
        Assert.Equal(Sound, demo.Footprint);
    }

    private static string Name(Ending ending) => ending switch
    {
        { Error: LiveUpdateException refused } => $"refused: {refused.Operation}",
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
