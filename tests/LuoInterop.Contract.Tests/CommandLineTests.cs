using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

/// <summary>Shows that a command line carried on stays as long as it is over 20 updates of kernels that put words
/// of their own before it.</summary>
[Trait("Category", "VM")]
[Trait("Category", "KernelCommandLine")]
[Collection(OneVmAtATime.Name)]
public sealed class CommandLineTests(ITestOutputHelper output)
{
    private const int Kernels = 21;
    private const string Keys = "embedded.single=one embedded.list=1 embedded.list=2 embedded.quoted=\"three words here\" embedded.flag ";
    private const string BuiltIn = "loglevel=4 kho=on built.in=\"two words\" liveupdate=on ";

    [Theory]
    [InlineData("builtin-line.config", Keys + BuiltIn)]
    [InlineData("embedded-line.config", Keys)]
    public async Task Reuse_OverTwentyUpdates_StaysTheSame(string fragment, string added)
    {
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = await KernelBuild.GetAsync("7.3", Path.Combine(Repository.Root, "tests", "kernels", fragment)),
            Command = ["dotnet", typeof(Scenario).Assembly.Location, CarriedLine.Word, $"{Kernels}"],
            ExpectedKernels = Kernels,
            TimeLimit = TimeSpan.FromHours(2),
        });
        output.WriteLine(result.ToString());
        Assert.True(result.Outcome == VmOutcome.Passed, result.ToString());
        string[] lines = Values("line");
        Assert.Equal(Kernels, lines.Length);
        Assert.All(lines, line => Assert.StartsWith(added, line, StringComparison.Ordinal));

        // The first kernel's stage stands among QEMU's words, the later ones' at the end; their numbers have one digit or two.
        Assert.All(lines, line => Assert.InRange(line.Length, lines[0].Length, lines[0].Length + "kho=on ".Length + 1));
        Assert.Single(Values("carried")[1..].Distinct());

        string[] Values(string name) => [.. result.Values.Where(value => value.Name == name).Select(static value => value.Value)];
    }
}
