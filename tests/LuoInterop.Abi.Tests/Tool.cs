using System.ComponentModel;
using System.Diagnostics;

namespace LuoInterop.Abi.Tests;

/// <summary>Holds what a finished tool left: exit status and both outputs.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Errors);

/// <summary>Runs a tool of the machine and says which package brings it when it is missing.</summary>
internal sealed record Tool(string Name, string Package)
{
    private const int NoSuchFile = 2;

    public static Tool Gcc { get; } = new("gcc", "gcc libc6-dev");

    /// <summary>Gets the compiler for arm64, with the C library's and its own kernel headers.</summary>
    public static Tool Arm64Gcc { get; } = new("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross");

    public static Tool Nm { get; } = new("nm", "binutils");

    public async Task<ToolResult> RunAsync(IEnumerable<string> arguments, TimeSpan limit)
    {
        ProcessStartInfo start = new(Name, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";

        // These add include folders that no option of the command line can take out.
        start.Environment.Remove("CPATH");
        start.Environment.Remove("C_INCLUDE_PATH");

        using Process process = Start(start);
        process.StandardInput.Close();
        using CancellationTokenSource deadline = new(limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return new ToolResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Name} did not finish in {limit}.");
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"{Name} did not start.");
        }
        catch (Win32Exception error) when (error.NativeErrorCode == NoSuchFile)
        {
            throw new InvalidOperationException(
                $"{Name} is missing, and the ABI is proved by compiling C. Install it: apt-get install {Package}", error);
        }
    }
}
