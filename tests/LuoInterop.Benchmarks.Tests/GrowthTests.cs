using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that exponents are those of the costs.</summary>
public sealed class GrowthTests
{
    private static readonly int[] Folios = [4096, 2097152];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1.5)]
    [InlineData(2)]
    public void PowerOfAParameter_IsFound(double exponent)
    {
        double[] sizes = [1, 10, 100, 1000];
        Growth growth =
            Assert.Single(Growth.Of([.. sizes.Select(size => Runs.Row("copy", 7 * Math.Pow(size, exponent), null, ("size", size)))]));
        Assert.Equal(("copy", "size", 1, 1000), (growth.Name, growth.Parameter, growth.From, growth.To));
        Assert.Equal(exponent, growth.Fit.Exponent, 1e-9);
        Assert.Equal(exponent, growth.Fit.LastExponent, 1e-9);
        Assert.Equal(exponent > 0 ? 1 : growth.Fit.RSquared, growth.Fit.RSquared, 1e-9);
        Assert.Equal(exponent > 1.1, growth.Fit.IsWorseThanLinear);
    }

    [Fact]
    public void GrowthThatAFixedCostHides_ShowsInTheLastStep()
    {
        double[] counts = [1, 10, 100, 1000];
        Growth growth =
            Assert.Single(Growth.Of([.. counts.Select(count => Runs.Row("open", 1e5 + (count * count), null, ("sessions", count)))]));
        Assert.InRange(growth.Fit.Exponent, 0, 0.5);
        Assert.InRange(growth.Fit.LastExponent, 0.9, 1.1);
        Assert.InRange(growth.Fit.RSquared, 0, 0.99);
    }

    [Fact]
    public void OtherParameters_MakeOtherCurves()
    {
        ResultRow[] rows =
        [
            .. from folio in Folios
               from size in Enumerable.Range(1, 3)
               select Runs.Row("update", folio * size, null, ("size", size), ("folio", folio), ("content", "dense")),
            Runs.Row("update", 1, null, ("size", 1), ("folio", 4096), ("content", "sparse")),
        ];
        Assert.Equal(
            ["update [content=dense, folio=4096]", "update [content=dense, folio=2097152]"],
            Growth.Of(rows).Select(static growth => growth.Name));
    }

    [Fact]
    public void TwoPoints_AreNoCurve() =>
        Assert.Empty(Growth.Of([Runs.Row("copy", 1, null, ("size", 1)), Runs.Row("copy", 2, null, ("size", 2))]));
}
