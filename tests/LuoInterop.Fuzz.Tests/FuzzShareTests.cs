using LuoInterop.Fuzz;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Runs a share of the fuzzing: what a parser refuses it refuses by name, what it reads survives being written, and no byte
/// costs more than its share.</summary>
public class FuzzShareTests
{
    private const int PerSeed = 1000;

    /// <summary>Gets two seeds that always run, and a fresh one, which the test's name shows when it fails.</summary>
    public static TheoryData<string, int> Seeds
    {
        get
        {
            int fresh = Random.Shared.Next();
            var rows = new TheoryData<string, int>();
            foreach (FuzzTarget target in FuzzTargets.All())
            {
                rows.Add(target.Name, 1);
                rows.Add(target.Name, 2);
                rows.Add(target.Name, fresh);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds), DisableDiscoveryEnumeration = true)]
    public void Inputs(string name, int seed)
    {
        FuzzTarget target = FuzzTargets.Find(name);
        using var owned = target as IDisposable;
        FuzzFigures figures = FuzzRun.Run(target, seed, 0, PerSeed);

        // The damage must not be so heavy that nothing is read to its end.
        Assert.Equal(PerSeed, figures.Inputs);
        Assert.InRange(figures.Accepted, PerSeed / 10, PerSeed);
    }

    [Fact]
    public void Input_DependsOnTargetSeedAndIndexAlone()
    {
        foreach (string name in FuzzTargets.All().Select(static target => target.Name))
        {
            byte[] first = FuzzRun.Make(FuzzTargets.Find(name), 7, 42, out bool isSound);
            byte[] second = FuzzRun.Make(FuzzTargets.Find(name), 7, 42, out bool again);
            Assert.Equal((name, isSound, Convert.ToHexString(first)), (name, again, Convert.ToHexString(second)));
        }
    }

    [Fact]
    public void EveryTarget_HasItsRow_InTheTable()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(Repository.Root, "docs/fuzzing.md"))
            .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))];
        IEnumerable<string> named = rows.SelectMany(static row => row.Split('|')[1].Split(',')).Select(static name => name.Trim(' ', '`'));
        Assert.Equal(
            FuzzTargets.All().Select(static target => target.Name).Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Failure_NamesTargetSeedAndIndex()
    {
        var error = Assert.Throws<FuzzFailureException>(static () => FuzzRun.Run(new Broken(), 3, 5, 1000));
        Assert.Equal(("broken", 3, true), (error.Target, error.Seed, error.Index is >= 5 and < 1005));
        Assert.Equal(error.Input, FuzzRun.Make(new Broken(), error.Seed, error.Index, out _));
        Assert.IsType<InvalidOperationException>(error.InnerException);
    }

    // Fails for an input whose first byte was damaged.
    private sealed class Broken() : FuzzTarget("broken")
    {
        public override Cost Limit => new(65536, 1);

        public override byte[] Generate(Random random) => new byte[32];

        public override object? Parse(byte[] input) => input.Length == 0 || input[0] == 0 ? input : throw new InvalidOperationException();
    }
}
