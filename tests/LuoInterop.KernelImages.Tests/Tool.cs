using System.Diagnostics;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Runs programs of the host.</summary>
internal static class Tool
{
    /// <summary>Gives what a program writes to standard output; it must succeed.</summary>
    public static string Run(string program, params string[] words)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}");
        return said;
    }
}
