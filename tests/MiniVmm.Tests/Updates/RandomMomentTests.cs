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
        int descriptors = Descriptors();
        int threads = Threads();

        // The guest of the run before is gone with its process; this one starts anew.
        result = host.Run(EmulatedHost.Options(Updates, seed: 2), blackouts);

        Assert.True(result == 0, host.Output.ToString());
        Assert.Equal(2 + Updates, blackouts.Count);
        Assert.All(blackouts, static blackout => Assert.True(blackout.Nanoseconds > 0));

        // What an update leaves behind is there 200 times; the runtime itself opens and closes a few.
        Assert.InRange(Descriptors(), 0, descriptors + (Updates / 10));
        Assert.InRange(Threads(), 0, threads + (Updates / 10));
    }

    private static int Descriptors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Directory.GetFiles("/proc/self/fd").Length;
    }

    private static int Threads() => Directory.GetDirectories("/proc/self/task").Length;
}
