namespace LuoInterop.Emulation.Server.Tests.Support;

/// <summary>Makes machines, and runs programs on them.</summary>
internal static class Machines
{
    /// <summary>Gets both ways in which a program sees the kernel's files: mounted, and by trapped calls alone.</summary>
    public static TheoryData<bool> BothWays => [false, true];

    /// <summary>Gives rows for each of some names in both ways.</summary>
    public static TheoryData<string, bool> InBothWays(params IEnumerable<string> names)
    {
        var rows = new TheoryData<string, bool>();
        foreach (string name in names)
        {
            rows.Add(name, false);
            rows.Add(name, true);
        }

        return rows;
    }

    /// <summary>Makes a machine that is off.</summary>
    public static ProgramMachine Make(bool trapsEverything, Action<ProgramEvent>? happened = null) =>
        new(new ProgramMachineOptions { TrapsEverything = trapsEverything, Happened = happened });

    /// <summary>Gives the start of a program whose output is kept.</summary>
    public static ProgramStart Start(params IReadOnlyList<string> command) => new(command) { KeepOutput = true };

    /// <summary>Runs a program once.</summary>
    public static Task<ProgramEnd> RunAsync(this ProgramMachine machine, params IReadOnlyList<string> command) =>
        machine.RunAsync(Start(command));

    /// <summary>Runs a program to its end, through every kexec.</summary>
    public static Task<ProgramEnd> FollowAsync(this ProgramMachine machine, params IReadOnlyList<string> command) =>
        machine.FollowAsync(Start(command));

    /// <summary>Asserts that a program exited by itself, with 0, and complained of nothing; gives its output.</summary>
    public static string Succeeded(ProgramEnd end)
    {
        Assert.Equal("", end.Error);
        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        return end.Output;
    }

    /// <summary>Asserts that nothing of a machine's programs is left; keepers, who have nobody to keep any more, may still be
    /// ending.</summary>
    public static async Task AssertNothingIsLeftAsync(ProgramMachine machine)
    {
        Assert.Equal(0, machine.OpenFiles);
        string launcher = Path.Combine(Path.GetDirectoryName(machine.KernelImagePath)!, "luo_launch");
        Assert.DoesNotContain(Strays.Of(machine.KernelImagePath), stray => !stray.Contains(launcher, StringComparison.Ordinal));
        while (Strays.Of(machine.KernelImagePath).Count > 0)
        {
            await Task.Delay(1);
        }
    }
}
