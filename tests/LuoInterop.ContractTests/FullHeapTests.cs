using System.Diagnostics;
using LuoInterop.Contract;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.ContractTests;

/// <summary>Proves that a call which runs out of memory leaves no descriptor open, wherever in the call that is.</summary>
public sealed class FullHeapTests(ITestOutputHelper output)
{
    [Fact]
    public void CallsOnAFullHeap_LoseNoDescriptor()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Scenario).Assembly.Location, FullHeap.Word])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x2000000";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string[] lines = child.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        child.WaitForExit();
        Array.ForEach(lines, output.WriteLine);
        Assert.True(child.ExitCode == 0, errors.Result);
        Assert.Equal(13, lines.Length);
        Assert.All(lines, static line => Assert.EndsWith(" lost=0", line, StringComparison.Ordinal));
        Assert.All(lines, static line => Assert.DoesNotContain(" failed=0 ", line, StringComparison.Ordinal));
        Assert.Contains(lines, static line => !line.Contains(" succeeded=0 ", StringComparison.Ordinal));
    }
}
