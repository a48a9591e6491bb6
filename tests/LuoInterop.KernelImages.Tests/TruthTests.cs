using LuoInterop.KernelImages.Tests.Truth;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Jumps from kernel to kernel, and holds what each finds against what was predicted: the kernel of the VM, and copies of it
/// with another number in one text.</summary>
[Trait("Category", "VM")]
public sealed class TruthTests(ITestOutputHelper output) : IDisposable
{
    private const string On = JumpRun.On;
    private readonly JumpKernels _kernels = new();

    /// <summary>Gets chains of jumps: the kernel, and the words of its command line.</summary>
    public static TheoryData<string> Chains =>
    [
        $" {On}|luo-v5 kho=off liveupdate=on|kho-v4 {On}| {On}|memfd-v2 {On}|luo-v5 kho=on liveupdate=off",
        $"luo-v5 {On}",
    ];

    [Theory]
    [MemberData(nameof(Chains))]
    public Task Prediction_IsTruth(string chain) => new JumpRun(_kernels, output).HoldAsync(
        "", [.. chain.Split('|').Select(static jump => new Jump(jump.Split(' ', 2)[0], jump.Split(' ', 2)[1]))]);

    public void Dispose() => _kernels.Dispose();
}

/// <summary>Jumps between any two of the kernels that the VM boots: as it is, of the series before, without parts of live update, and
/// with other formats; and from each into the one that Debian built.</summary>
[Trait("Category", "Kernels")]
public sealed class MatrixTests(ITestOutputHelper output) : IDisposable
{
    private readonly JumpKernels _kernels = new();

    /// <summary>Gets every kernel that hands over.</summary>
    public static TheoryData<string> Names => [.. JumpKernels.Names];

    /// <summary>Gets every pair of kernels.</summary>
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (string from in JumpKernels.Names)
            {
                foreach (string to in JumpKernels.Names.Append(JumpKernels.Debian))
                {
                    pairs.Add(from, to);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public Task Prediction_IsTruth(string from, string to) =>
        new JumpRun(_kernels, output).HoldAsync(from, [new Jump(to, JumpRun.On)]);

    /// <summary>Debian's kernel has no KHO: what is handed to it is lost without a word, and it hands nothing over.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public async Task Debian_TakesNothing_AndGivesNothing(string name)
    {
        KernelImage debian = (await _kernels.GetAsync(JumpKernels.Debian)).Image;
        KernelImage other = (await _kernels.GetAsync(name)).Image;
        Assert.StartsWith("6.18.", debian.Release, StringComparison.Ordinal);
        HandedOver live = HandedOver.Of(other, JumpRun.On);
        Assert.Equal(
            live.IsNothing ? Consequence.Carried : Consequence.SilentlyDropped, NextKernel.Predict(live, debian, JumpRun.On).Worst);
        HandedOver nothing = HandedOver.Of(debian, JumpRun.On);
        Assert.True(nothing.IsNothing);
        Assert.Equal(Consequence.Carried, NextKernel.Predict(nothing, other, JumpRun.On).Worst);
    }

    public void Dispose() => _kernels.Dispose();
}
