using System.Diagnostics;

namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Proves that a process is after a handover what it was before.</summary>
public sealed class HostProcessTests
{
    /// <summary>Signals, mask, umask, limits, locks, descriptors, mappings, environment and folder;
    /// whatever they are to begin with.</summary>
    [Theory]
    [InlineData("true")]
    [InlineData("umask 0177")]
    [InlineData("ulimit -S -n 512")]
    [InlineData("trap '' URG")]
    public async Task Process_StaysAsItWas(string setUp)
    {
        (int code, string output) = await RunAsync($"{setUp}; exec dotnet \"$0\" use");
        Assert.True(code == 0, output);
        string line = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.InRange(int.Parse(line.Split(' ')[0], null), 40, int.MaxValue);
    }

    /// <summary>A file that stands for the kernel's memory is made by this process, to which its RLIMIT_FSIZE applies: refused,
    /// without SIGXFSZ.</summary>
    [Fact]
    public async Task LimitOfFileSizes_RefusesARetrieve_AndKillsNobody() =>
        Assert.Equal((0, $"{Luo.EFBIG}\n"), await RunAsync("exec dotnet \"$0\" retrieve-more"));

    private static async Task<(int Code, string Output)> RunAsync(string script)
    {
        using Process program = Process.Start(new ProcessStartInfo("sh", ["-c", script, typeof(Program).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = program.StandardError.ReadToEndAsync();
        string output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync();
        return (program.ExitCode, output + await errors);
    }
}
