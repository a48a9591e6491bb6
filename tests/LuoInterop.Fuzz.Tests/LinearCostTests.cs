using LuoInterop.Fuzz;
using Xunit;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Holds what parsing costs, in memory and in steps, against the input's length:
/// eight times the bytes cost eight times as much.</summary>
public sealed class LinearCostTests(StepCounter steps) : IClassFixture<StepCounter>
{
    private const int Small = 64 << 10;
    private const int Large = 8 * Small;

    /// <summary>Times the bytes' own growth. What grows by doubling may stand just before it at one size and just behind it at the other;
    /// a square would be 6 to 10.</summary>
    private const double MostGrowth = 2.5;

    /// <summary>A cost that stays below does not have to grow with the input.</summary>
    private const int Least = 20_000;

    public static TheoryData<string, string> All
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach ((string target, string what, _) in HostileInputs.All)
            {
                rows.Add(target, what);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Cost(string target, string what)
    {
        Func<int, byte[]> make = HostileInputs.All.Single(input => input.Target == target && input.What == what).Make;
        byte[] small = make(Small);
        byte[] large = make(Large);
        Assert.InRange(small.Length, Small / 2, Small * 2);
        double growth = (double)large.Length / small.Length;
        Assert.InRange(growth, 6, 10);
        Assert.InRange(Allocated(target, large), 0, (MostGrowth * growth * Allocated(target, small)) + Least);
        Assert.InRange(steps.Of(target, large), 0, (MostGrowth * growth * steps.Of(target, small)) + Least);
        Assert.InRange(steps.Of(target, large), 1, 8192 + (64L * large.Length));
    }

    [Fact]
    public void EveryTarget_HasHostileInputs() => Assert.Equal(
        FuzzTargets.All().Select(static target => target.Name).Order(),
        HostileInputs.All.Select(static input => input.Target).Distinct().Order());

    [Fact]
    public void Steps_AreCounted()
    {
        (_, _, Func<int, byte[]> make) = HostileInputs.All.First(static input => input.Target == "litmus");
        long small = steps.Of("litmus", make(Small));
        Assert.True(small > 1000, $"{small} steps");
        Assert.Equal(small, steps.Of("litmus", make(Small)));
        Assert.InRange(steps.Of("litmus", make(Large)), 6 * small, 10 * small);
    }

    // Within the fuzzing's limit for every byte, which also counts reads of memory.
    private static long Allocated(string name, byte[] input)
    {
        FuzzTarget target = FuzzTargets.Find(name);
        using var owned = target as IDisposable;
        FuzzRun.Hold(target, input, isSound: false, out _);
        return FuzzRun.Hold(target, input, isSound: false, out _);
    }
}
