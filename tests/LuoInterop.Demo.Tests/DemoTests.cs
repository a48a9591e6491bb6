using System.Text.Json;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Demo.Tests;

/// <summary>Runs the demo as a user does, and holds its exit code and what it prints.</summary>
public sealed class DemoTests
{
    [Fact]
    public void Emulated_VerifiesEveryByte_AndSaysWhatDiffers()
    {
        (int code, string output, string error) = Demo("--ram", "8");
        Assert.True(code == 0, output + error);
        Assert.Contains("verify all 8,388,608 bytes of guest RAM", output, StringComparison.Ordinal);
        Assert.Contains("PASSED: 8 MiB", output, StringComparison.Ordinal);
        Assert.Contains("1 live update, 1 kexec since the last cold boot", output, StringComparison.Ordinal);
        Assert.Contains("what differs from Linux here:", output, StringComparison.Ordinal);
    }

    [Fact]
    public void EmulatedJson_IsOneDocument()
    {
        (int code, string output, string error) = Demo("--ram", "8", "--json");
        Assert.True(code == 0, output + error);
        CheckJson(output, emulated: true);
    }

    [Fact]
    [Trait("Category", "VM")]
    public void Vm_TheSameProgramOnLinux_VerifiesEveryByte()
    {
        (int code, string output, string error) = Demo("--on", "vm", "--ram", "64", "--json");
        Assert.True(code == 0, output + error);
        CheckJson(output, emulated: false);
    }

    [Theory]
    [InlineData("--ram", "0")]
    [InlineData("--ram", "many")]
    [InlineData("--on", "moon")]
    [InlineData("--on", "linux")]
    public void WrongWords_AreRefusedWithAWordOnTheOption(string option, string value)
    {
        (int code, string output, string error) = Demo(option, value);
        Assert.True(code is 1 or 2, $"exit {code}");
        Assert.Contains(value is "linux" ? "--image" : value is "0" or "many" ? "--ram" : "moon", output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", output + error, StringComparison.Ordinal);
    }

    private static void CheckJson(string output, bool emulated)
    {
        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.Equal(1, root.GetProperty("liveUpdatesOfThisBootChain").GetInt64());
        Assert.Equal(1, root.GetProperty("kexecsOfThisState").GetInt64());
        Assert.Equal(emulated, root.GetProperty("kernel").GetString()!.Contains("emulated", StringComparison.Ordinal));
        Assert.Equal(emulated, root.GetProperty("differencesFromLinux").GetArrayLength() > 0);
        Assert.Equal(7, root.GetProperty("timeline").GetArrayLength());
    }

    private static (int Code, string Output, string Error) Demo(params string[] arguments) =>
        ChildProgram.RunBeside("luo-demo.dll", arguments);
}
