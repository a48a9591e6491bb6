using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.Litmus;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Shows that what programs do is written down as a litmus script, and that the script does the same again.</summary>
public sealed class TraceTests
{
    public static TheoryData<string> KexecPrograms => ["luo_kexec_simple", "luo_multi_session", "luo_stress_files"];

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task ProgramInC_ThroughTwoKexecs_IsAScriptOfThreeKernels(bool trapsEverything)
    {
        (_, string text) = await TraceAsync(trapsEverything, static machine => machine.FollowAsync(CProgram.Build("carry")));
        LitmusScript script = Replay(text, 16);
        Assert.Equal(3, script.Kernels);
        string[] lines = text.Split('\n');
        int preserve = Array.IndexOf(lines, "preserve_fd s2 m3 token=7 => 0");
        Assert.True(preserve > 0, text);

        // What was written into the file is not in the script; how much of it there is is.
        Assert.Equal(
            ["m3 = memfd flags=0x3 name=\"carried\" => 0", "truncate m3 8 => 0", "pwrite m3 0 8"], lines[(preserve - 3)..preserve]);
        Assert.Contains("kexec raw cmdline=\"kho=on liveupdate=on luo_stage=2\"", lines);
        Assert.Contains("m3 = retrieve_fd s2 token=7 => 0", lines);
        Assert.Contains("finish s2 => 0", lines);
        Assert.Contains("close s2 => 0", lines);
    }

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Refusals_AreWrittenWithTheirErrors(bool trapsEverything)
    {
        (ProgramEnd end, string text) =
            await TraceAsync(trapsEverything, static machine => machine.RunAsync(CProgram.Build("frozen")));
        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        Replay(text, 20);
        Assert.Contains("truncate m3 16384 => EPERM\n", text, StringComparison.Ordinal);
        Assert.Contains("add_seals m3 0x8 => EBUSY\n", text, StringComparison.Ordinal);

        // Done by the host: the script learns of it before the next call that is trapped.
        Assert.Contains("close s2 => 0\ntruncate m3 4096 => 0\n", text, StringComparison.Ordinal);
    }

    /// <summary>The kernel's own tests, each case of them.</summary>
    [Fact]
    [Trait("Category", "Kernel")]
    public async Task Selftests_AreAScript()
    {
        (ProgramEnd end, string text) =
            await TraceAsync(false, static machine => machine.RunAsync(Selftests.Newest.Build("liveupdate")));
        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        Replay(text, 1000);
    }

    [Theory]
    [MemberData(nameof(KexecPrograms))]
    [Trait("Category", "Kernel")]
    public async Task KexecProgram_IsAScriptOfTwoKernels(string name)
    {
        string program = Selftests.Newest.Build(name);
        (ProgramEnd end, string text) = await TraceAsync(false, async machine =>
        {
            Assert.Equal(0, (await machine.RunAsync(program, "-s", "1")).ExitCode);
            await machine.KexecAsync();
            return await machine.RunAsync(program, "-s", "2");
        });
        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        LitmusScript script = Replay(text, 15);
        Assert.Equal(2, script.Kernels);
    }

    /// <summary>A script has no restart with empty memory: it ends there, and says so.</summary>
    [Fact]
    public async Task Restart_EndsTheScript()
    {
        (_, string text) = await TraceAsync(false, static async machine =>
        {
            await machine.RunAsync(CProgram.Build("end"), "01234567");
            return await machine.RunAsync(CProgram.Build("names"), "lost");
        });
        Assert.EndsWith("# the machine begins anew, with empty memory: what follows is not traced\n", text, StringComparison.Ordinal);
        Replay(text, 2);
    }

    [Fact]
    public async Task OtherKernel_IsTheFirstLine()
    {
        var writer = new StringWriter { NewLine = "\n" };
        var options = new ProgramMachineOptions
        {
            Machine = new EmulatedMachineOptions { Release = "7.2", CommandLine = "kho=on liveupdate=on quiet" },
            Trace = writer,
        };
        await using (var machine = new ProgramMachine(options))
        {
            Assert.Equal("retrieve it: ENOENT\ncreate it: 0\n", Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "it")));
        }

        Assert.StartsWith("boot release=7.2 cmdline=\"kho=on liveupdate=on quiet\"\n", writer.ToString(), StringComparison.Ordinal);
        Replay(writer.ToString(), 3);
    }

    /// <summary>The program gets its answers, and whoever traces it is told.</summary>
    [Fact]
    public async Task TraceThatCannotBeWritten_IsTold_AndTheProgramGoesOn()
    {
        var told = new List<string>();
        var options = new ProgramMachineOptions
        {
            Trace = StreamWriter.Synchronized(new StreamWriter("/dev/full") { AutoFlush = true }),
            Happened = happened =>
            {
                lock (told)
                {
                    told.Add(happened.Text);
                }
            },
        };
        await using (var machine = new ProgramMachine(options))
        {
            Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "it"));
        }

        Assert.Single(told, static text => text.StartsWith("the trace ends early", StringComparison.Ordinal));
    }

    private static async Task<(ProgramEnd End, string Text)> TraceAsync(
        bool trapsEverything, Func<ProgramMachine, Task<ProgramEnd>> run)
    {
        var writer = new StringWriter { NewLine = "\n" };
        ProgramEnd end;
        await using (var machine = new ProgramMachine(new ProgramMachineOptions { TrapsEverything = trapsEverything, Trace = writer }))
        {
            end = await run(machine);
        }

        return (end, writer.ToString());
    }

    private static LitmusScript Replay(string text, int expectations)
    {
        LitmusScript script = LitmusScript.Parse("trace", text);
        using var replay = new EmulatedReplay();
        LitmusResult result = replay.Run(script);
        Assert.Null(result.End);
        Assert.Empty(result.Mismatches.Select(i => $"{script.Lines[i].Text}: {result.Observations[i]}, not {script.Lines[i].Expected}"));
        Assert.InRange(script.Lines.Count(static line => line.Expected is not null), expectations, int.MaxValue);
        return script;
    }
}
