using MiniVmm.Demo;
using MiniVmm.Update;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Updates a guest at random moments, again and again.</summary>
[Collection(Alone.Name)]
public sealed class RandomMomentTests
{
    private const int Updates = 200;

    [Fact]
    public void Pattern_HoldsThroughUpdatesAtRandomMoments_AndNothingLeaks()
    {
        using var host = new EmulatedHost();
        List<Blackout> blackouts = [];
        int result = host.Run(EmulatedHost.Options(2, seed: 1), blackouts);
        Assert.True(result == 0, host.Output.ToString());
        Belongings before = Belongings.Count();

        // The guest of the run before is gone with its process; this one starts anew.
        DemoOptions options = EmulatedHost.Options(Updates, seed: 2);
        result = host.Run(options, blackouts);

        Assert.True(result == 0, host.Output.ToString());
        Assert.Equal(2 + Updates, blackouts.Count);
        Assert.All(blackouts, static blackout => Assert.True(blackout.Nanoseconds > 0));
        Belongings.Count().MustNotHaveGrown(before, Updates, options.Memory);
    }
}
