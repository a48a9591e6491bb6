using LuoInterop.Contract;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

/// <summary>Runs every scenario on Linux 7.2 and 7.3 in turn: each kexec leads from one to the other.</summary>
public abstract class CrossReleaseRun(string first, string second) : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    public IReadOnlyList<string> Series { get; } = [first, second, first];

    public async Task InitializeAsync()
    {
        KernelBuild odd = await KernelBuild.GetAsync(first);
        KernelBuild even = await KernelBuild.GetAsync(second);
        Result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = odd,
            NextKernels = [even, odd],
            Command = ["dotnet", typeof(Scenario).Assembly.Location, "contract"],
            ExpectedKernels = 3,
            MemoryMiB = 4096,
        });
    }

    public Task DisposeAsync() => Task.CompletedTask;
}

public sealed class From72Run() : CrossReleaseRun("7.2", "7.3");

public sealed class From73Run() : CrossReleaseRun("7.3", "7.2");

/// <summary>Shows that sessions, memory and seals go from one release to the other, and every other rule across them.</summary>
public abstract class CrossReleaseTests(CrossReleaseRun run, ITestOutputHelper output)
{
    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(static scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_Holds(string name) => run.Result.HasPassed(name);

    [Fact]
    public void Run_WentFromReleaseToRelease()
    {
        output.WriteLine(run.Result.ToString());
        Assert.Equal(run.Series, run.Result.Kernels.Select(static kernel => string.Join('.', kernel.Release.Split('.').Take(2))));
    }
}

[Trait("Category", "VM")]
[Trait("Category", "Kernel72")]
[Collection(OneVmAtATime.Name)]
public sealed class From72Tests(From72Run run, ITestOutputHelper output) : CrossReleaseTests(run, output), IClassFixture<From72Run>;

[Trait("Category", "VM")]
[Trait("Category", "Kernel72")]
[Collection(OneVmAtATime.Name)]
public sealed class From73Tests(From73Run run, ITestOutputHelper output) : CrossReleaseTests(run, output), IClassFixture<From73Run>;
