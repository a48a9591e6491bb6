using System.Text.Json;
using System.Text.Json.Nodes;
using LuoInterop.Diagnosis;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Doctor;

/// <summary>Runs <c>luoctl doctor</c> as a user does, on folders and on this machine.</summary>
public sealed class DoctorCommandTests : IDisposable
{
    private readonly MachineFolder _machine = MachineFolder.Ready();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void ReadyMachine_Exits0_AndTheLastLineSaysSo()
    {
        (int code, string output, string error) = Run();
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith("\n\nready\n", output, StringComparison.Ordinal);
        Assert.All(MachineDiagnosis.CheckIds, id => Assert.Contains($" {id} ", output, StringComparison.Ordinal));
        Assert.All(output.Split('\n'), static line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public void ForgottenLiveUpdate_Exits1_WithWhatToDo()
    {
        _machine.With("proc/cmdline", "kho=on");
        (int code, string output, string error) = Run();
        Assert.Equal((1, ""), (code, error));
        Assert.Contains("""
            fail     boot-liveupdate: liveupdate= on the command line
                     The command line has no liveupdate=on, and LUO is off by default.
                     > Boot with kho=on liveupdate=on;
            """, output, StringComparison.Ordinal);
        Assert.EndsWith("\nnot ready: boot-liveupdate\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Warnings_AreInTheWayOnlyWithStrict()
    {
        _machine.With("usr/sbin/kexec", "");
        Assert.EndsWith("\nready (1 warning)\n", Run().Output, StringComparison.Ordinal);
        (int code, string output, _) = Run("--strict");
        Assert.Equal(1, code);
        Assert.EndsWith("\nnot ready: kexec-tools\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatCannotBeKnown_Exits3()
    {
        _machine.With("sys/kernel/kexec/loaded", "1");
        (int code, string output, _) = Run();
        Assert.Equal(3, code);
        Assert.EndsWith("\nunknown: kexec-load-call\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_IsAsTheSchemaSays_WithARowForEachCheck()
    {
        (int code, string output, string error) = Run("--json");
        Assert.Equal((0, ""), (code, error));
        JsonElement root = Schemas.Hold("doctor", output);
        Assert.Equal("ready", root.GetProperty("answer").GetString());
        Assert.Equal(MachineDiagnosis.CheckIds, root.GetProperty("checks").EnumerateArray()
            .Select(static row => row.GetProperty("id").GetString()));
    }

    [Fact]
    public void Schema_RefusesWhatItDoesNotName()
    {
        var document = (JsonObject)JsonNode.Parse(Run("--json", "--check", "device").Output)!;
        document["checks"]![0]!["verdict"] = "fine";
        Schemas.Refuse("doctor", document);
        document["checks"]![0]!["verdict"] = "ok";
        document["other"] = 1;
        Schemas.Refuse("doctor", document);
    }

    [Fact]
    public void OneCheck_CanBeRunAlone()
    {
        (int code, string output, _) = Run("--check", "device", "--check", "boot-kho");
        Assert.Equal(0, code);
        Assert.Equal(
            """
            ok       boot-kho                   kho=on is on the command line.
            ok       device                     It is there. It was not opened: the first
                                                open of a boot takes up what was handed
                                                over.

            ready

            """,
            output);
        Assert.Equal((2, "", "luoctl: there is no check 'nope'; see 'luoctl doctor --help'\n"), Run("--check", "nope"));
    }

    [Fact]
    public void ThisMachine_IsLookedAt()
    {
        (int code, string output, string error) = Luoctl.Run("doctor", "--json");
        Assert.Equal("", error);
        string answer = Schemas.Hold("doctor", output).GetProperty("answer").GetString()!;
        Assert.Equal(answer switch { "ready" => 0, "not-ready" => 1, _ => 3 }, code);
        Assert.True(File.Exists("/dev/liveupdate") || code == 1, output);
    }

    [Theory]
    [InlineData("luoctl: /no/such is no folder\n", "--root", "/no/such")]
    [InlineData("luoctl: /no/such is no kernel configuration, or cannot be read\n", "--config", "/no/such")]
    [InlineData("luoctl: /no/such cannot be read (ENOENT)\n", "--kernel", "/no/such")]
    public void WhatIsNotThere_Exits2(string expected, params string[] words) =>
        Assert.Equal((2, "", expected), Luoctl.Run(["doctor", .. words]));

    private (int Code, string Output, string Error) Run(params string[] words) => Luoctl.Run(["doctor", "--root", _machine.Root, .. words]);
}
