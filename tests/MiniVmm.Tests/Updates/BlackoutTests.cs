using MiniVmm.Update;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Holds how the parts of a blackout are drawn.</summary>
public sealed class BlackoutTests
{
    // Below nothing is what lies between two clocks that disagree, as it was once on a busy host.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 30)]
    [InlineData(1, 60)]
    [InlineData(-0.02, 0)]
    [InlineData(1.02, 60)]
    public void Bar_IsAsLongAsTheShare(double share, int length) => Assert.Equal(new string('#', length), Blackout.Bar(share));
}
