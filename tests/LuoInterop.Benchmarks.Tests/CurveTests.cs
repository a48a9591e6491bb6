using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that exponents are those of the costs.</summary>
public sealed class CurveTests
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
        Curve curve = Assert.Single(Curve.Of([.. sizes.Select(size => Runs.Row("copy", 7 * Math.Pow(size, exponent), null, ("size", size)))]));
        Assert.Equal(("copy", "size", 1, 1000), (curve.Name, curve.Parameter, curve.From, curve.To));
        Assert.Equal(exponent, curve.Exponent, 1e-9);
        Assert.Equal(exponent, curve.LastExponent, 1e-9);
        Assert.Equal(exponent > 0 ? 1 : curve.RSquared, curve.RSquared, 1e-9);
        Assert.Equal(exponent > 1.1, curve.IsWorseThanLinear);
    }

    [Fact]
    public void GrowthThatAFixedCostHides_ShowsInTheLastStep()
    {
        double[] counts = [1, 10, 100, 1000];
        Curve curve = Assert.Single(Curve.Of([.. counts.Select(count => Runs.Row("open", 1e5 + (count * count), null, ("sessions", count)))]));
        Assert.InRange(curve.Exponent, 0, 0.5);
        Assert.InRange(curve.LastExponent, 0.9, 1.1);
        Assert.InRange(curve.RSquared, 0, 0.99);
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
            Curve.Of(rows).Select(static curve => curve.Name));
    }

    [Fact]
    public void TwoPoints_AreNoCurve() =>
        Assert.Empty(Curve.Of([Runs.Row("copy", 1, null, ("size", 1)), Runs.Row("copy", 2, null, ("size", 2))]));
}
