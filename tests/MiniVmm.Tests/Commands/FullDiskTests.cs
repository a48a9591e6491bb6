using System.Diagnostics;
using MiniVmm.Commands;
using MiniVmm.Tests.Updates;
using Xunit;

namespace MiniVmm.Tests.Commands;

/// <summary>Runs commands whose output goes to a full disk: /dev/full of full(4), which refuses every write with ENOSPC.</summary>
[Collection(Alone.Name)]
public sealed class FullDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minivmm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("status --json")]
    [InlineData("list")]
    public void Output_ThatCannotBeWritten_IsAFailureInWords(string words)
    {
        (int code, string error) = Run($"{words} --run-folder {_folder}", ">/dev/full");
        Assert.Equal(1, code);
        Assert.StartsWith("minivmm: ", error, StringComparison.Ordinal);
        Assert.Contains("No space left on device", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Message_ThatCannotBeWritten_ChangesNothing()
    {
        (int code, _) = Run($"update --run-folder {_folder}", "2>/dev/full");
        Assert.Equal(1, code);
    }

    [Fact]
    public void Message_ThatCannotBeWritten_IsNoErrorOfTheProgram()
    {
        TextWriter before = Console.Error;
        Console.SetError(new FullWriter());
        try
        {
            Assert.Null(Record.Exception(static () => Messages.Say("the memory is held")));
        }
        finally
        {
            Console.SetError(before);
        }
    }

    // The folder is empty: these say that, and need no VM.
    private static (int Code, string Error) Run(string words, string redirection)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "minivmm.dll");
        ProcessStartInfo start = new("/bin/sh", ["-c", $"exec dotnet {program} {words} {redirection}"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }

    private sealed class FullWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("No space left on device");
    }
}
