using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Emulate;

/// <summary>Shows a machine that lives on when the program that it was started for has ended.</summary>
public sealed class KeepTests : IDisposable
{
    private readonly string _name = $"keep-{Guid.NewGuid():N}"[..30];
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-keep-").FullName;
    private readonly string _carry;

    public KeepTests()
    {
        _carry = Path.Combine(_folder, "carry");
        (int code, string output, string error) = ChildProgram.RunProgram(
            "gcc", "-O2", "-I", Path.Combine(Repository.Root, "native"), "-o", _carry,
            Path.Combine(Repository.Root, "tests/LuoInterop.Emulation.Server.Tests/Programs/carry.c"));
        Assert.True(code == 0, output + error);
    }

    public void Dispose()
    {
        Luoctl.Run("machine", "stop", _name);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void ProgramIsFollowedThroughItsKexecs_AndTheMachineLivesOn()
    {
        string trace = Path.Combine(_folder, "run.luo");
        (int code, string output, string error) = Luoctl.Run("emulate", "--keep", _name, "--trace", trace, "--", _carry);
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith("kernel 1, kernel 2, kernel 3\n", output, StringComparison.Ordinal);
        Assert.Contains($"{_name}", Luoctl.Run("machine", "list").Output, StringComparison.Ordinal);
        Assert.Contains($"\"name\": \"{_name}\",\n    \"kernel\": 3,", Luoctl.Run("machine", "list", "--json").Output,
            StringComparison.Ordinal);

        // A session is held by what a program left behind, and carried by a kexec from outside.
        Assert.Equal(0, Luoctl.Run("machine", "run", _name, "--", _carry, "hold", "kept", "text").Code);
        Assert.Equal((0, "", ""), Luoctl.Run("machine", "kexec", _name));
        Assert.Equal((0, "text", ""), Luoctl.Run("machine", "run", _name, "--", _carry, "take", "kept"));
        Assert.Equal((0, "", ""), Luoctl.Run("machine", "stop", _name));
        Assert.DoesNotContain(_name, Luoctl.Run("machine", "list").Output, StringComparison.Ordinal);

        (code, output, _) = Luoctl.Run("replay", "--expect", trace);
        Assert.True(code == 0, output);
        Assert.Contains(" 0 not met", output, StringComparison.Ordinal);
    }

    [Fact]
    public void ProgramsExitCode_IsTheCommands_AndItsSessionsStay()
    {
        (int code, _, string error) =
            Luoctl.Run("emulate", "--keep", _name, "--", "sh", "-c", "\"$0\" hold held text; exit 7", _carry);
        Assert.Equal((7, ""), (code, error));
        Assert.Contains("\"openFiles\": 1", Luoctl.Run("machine", "list", "--json").Output, StringComparison.Ordinal);

        (code, _, error) = Luoctl.Run("emulate", "--keep", _name, "--", "true");
        Assert.Equal(1, code);
        Assert.Contains("runs already", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Machine_AndKeep_AreNotGivenAtOnce()
    {
        (int code, _, string error) = Luoctl.Run("emulate", "--machine", _name, "--keep", _name, "--", "true");
        Assert.Equal(125, code);
        Assert.Contains("--machine", error, StringComparison.Ordinal);
    }
}
