using System.Diagnostics;

namespace LuoInterop.Tests.Shared;

/// <summary>Runs a program of .NET as a user does, and keeps what it says.</summary>
internal static class ChildProgram
{
    /// <summary>Runs <c>dotnet</c> with some words to its end.</summary>
    public static (int Code, string Output, string Error) Run(string folder, params IEnumerable<string> words) =>
        Run(new ProcessStartInfo("dotnet", words) { WorkingDirectory = folder });

    /// <summary>Runs any program with some words to its end.</summary>
    public static (int Code, string Output, string Error) RunProgram(string program, params IEnumerable<string> words) =>
        Run(new ProcessStartInfo(program, words));

    /// <summary>Runs an assembly that lies beside the test.</summary>
    public static (int Code, string Output, string Error) RunBeside(string assembly, params IEnumerable<string> words) =>
        Run(Environment.CurrentDirectory, words.Prepend(Path.Combine(AppContext.BaseDirectory, assembly)));

    private static (int Code, string Output, string Error) Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
