using System.Diagnostics;
using LuoInterop.Emulation.Server.Tests.Support;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Kills programs, and those who look after them, with SIGKILL: what the contract says of a process' end holds, no process is
/// left, and nothing stays open.</summary>
public sealed class KillTests
{
    private const int Sigkill = 9;
    private const int Killed = 128 + Sigkill;

    /// <summary>The program makes each call of its way through two kexecs; it is killed at each of them in turn.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task ProgramThatIsKilledAtAnyCall_LeavesWhatTheContractSays(bool trapsEverything)
    {
        int nth = 1;
        for (bool killed = true; killed; nth++)
        {
            await using ProgramMachine machine = Machines.Make(trapsEverything);
            InjectedFault kill = machine.Machine.Faults.KillProcess(KernelCall.Any, nth);

            ProgramEnd end = await machine.FollowAsync(CProgram.Build("carry"));

            killed = kill.HasFired;
            machine.Machine.Faults.Clear();
            Assert.Equal((ProgramEndKind.Exited, killed ? Killed : 0), (end.Kind, end.ExitCode));
            Assert.Equal("", end.Error);
            await Machines.AssertNothingIsLeftAsync(machine);

            // An outgoing session is gone with its last descriptor, and a retrieved one is finished by that; one that was handed over
            // and not retrieved waits on.
            bool waits = machine.Stage > 1 && !end.Output.Contains("retrieved", StringComparison.Ordinal);
            Assert.Equal(
                $"retrieve carry: {(waits ? "0" : "ENOENT")}\ncreate carry: 0\n",
                Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "carry")));
        }

        // Three kernels: at least open, two ioctls and two calls of kexec in the first, more in the others.
        Assert.InRange(nth, 5 + 8 + 4, 200);
    }

    /// <summary>One of the threads makes the call: the whole process is killed.</summary>
    [Fact]
    public async Task ThreadThatIsKilled_TakesItsProcessWithIt()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        machine.Machine.Faults.KillProcess(KernelCall.PreserveFd, 100);
        ProgramEnd end = await machine.RunAsync(CProgram.Build("threads"));
        Assert.Equal((ProgramEndKind.Exited, Killed), (end.Kind, end.ExitCode));
        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal(
            "retrieve thread-0-59: ENOENT\ncreate thread-0-59: 0\n",
            Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "thread-0-59")));
    }

    /// <summary>A child holds the session on: what dies is one process.</summary>
    [Fact]
    public async Task ChildThatHoldsASession_KeepsIt_UntilItIsKilledToo()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        ProgramEnd end = await machine.RunAsync(CProgram.Build("carry"), "hold", "held", "text");
        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        Assert.Equal("retrieve held: ENOENT\ncreate held: EEXIST\n", await NamesAsync(machine, "held"));
        Assert.Equal(1, machine.OpenFiles);

        // The keeper and the child; the keeper ends when nobody is left to keep.
        int child = Assert.Single(Strays.Numbers(machine.KernelImagePath), number => Strays.Parent(number) is var parent
            && Strays.Numbers(machine.KernelImagePath).Contains(parent));
        _ = Kill(child, Sigkill);
        await GoneAsync(machine);

        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal("retrieve held: ENOENT\ncreate held: 0\n", await NamesAsync(machine, "held"));
    }

    /// <summary>The front stands for the program to whoever started it; the keeper ends what the program leaves behind.</summary>
    [Theory]
    [InlineData(0, 125)]
    [InlineData(1, 125)]
    [InlineData(2, Killed)]
    public async Task FrontOrKeeperOrProgramThatIsKilled_LeavesNobody(int generation, int code)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        string started = Path.Combine(Path.GetDirectoryName(machine.KernelImagePath)!, "started");
        string carry = CProgram.Build("carry");
        Task<ProgramEnd> run = machine.FollowAsync(
            "sh", "-c", "\"$0\" hold held text; setsid sleep infinity & touch \"$1\"; sleep infinity", carry, started);
        while (!File.Exists(started))
        {
            Assert.False(run.IsCompleted, "the program has ended by itself");
            await Task.Delay(5);
        }

        // The front; then its child, then that one's child that is the program: the first of its children.
        List<int> chain = [Strays.Front(machine.KernelImagePath)];
        for (int i = 0; i < generation; i++)
        {
            chain.Add(Strays.Numbers(machine.KernelImagePath).First(number => Strays.Parent(number) == chain[^1]));
        }

        Assert.Equal(0, Kill(chain[^1], Sigkill));
        ProgramEnd end = await run;

        Assert.Equal(generation == 0 ? Killed : code, end.ExitCode);
        await GoneAsync(machine);
        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal("retrieve held: ENOENT\ncreate held: 0\n", await NamesAsync(machine, "held"));
    }

    /// <summary>Nobody is left to look after the processes: the program itself ends. What it has started runs on (docs/programs.md), and
    /// meets no kernel any more.</summary>
    [Fact]
    public async Task FrontAndKeeperThatAreKilledAtOnce_TakeTheProgramWithThem()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        string started = Path.Combine(Path.GetDirectoryName(machine.KernelImagePath)!, "started");
        Task<ProgramEnd> run = machine.RunAsync("sh", "-c", "sleep infinity >/dev/null 2>&1 & touch \"$0\"; wait", started);
        while (!File.Exists(started))
        {
            Assert.False(run.IsCompleted, "the program has ended by itself");
            await Task.Delay(5);
        }

        int front = Strays.Front(machine.KernelImagePath);
        int keeper = Strays.Numbers(machine.KernelImagePath).First(number => Strays.Parent(number) == front);

        // Stopped, neither sees the other one's end.
        foreach (int signal in (int[])[19, Sigkill])
        {
            Assert.Equal((0, 0), (Kill(front, signal), Kill(keeper, signal)));
        }

        ProgramEnd end = await run;
        Assert.Equal(Killed, end.ExitCode);

        // The program, and touch, may still be ending.
        while (!(Strays.Of(machine.KernelImagePath) is [var left] && left.Contains("sleep", StringComparison.Ordinal)))
        {
            await Task.Delay(5);
        }

        Assert.Equal(0, Kill(Assert.Single(Strays.Numbers(machine.KernelImagePath)), Sigkill));
        await GoneAsync(machine);
    }

    /// <summary>The process that has the machine is killed: while a call waits for its answer, at each call in turn.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task HostThatIsKilledAtAnyCall_LeavesNoProcess(bool trapsEverything)
    {
        int nth = 1;
        for (int code = Killed; code == Killed; nth++)
        {
            string folder = Directory.CreateTempSubdirectory("luo-host-").FullName;
            try
            {
                string host = Path.Combine(AppContext.BaseDirectory, "LuoInterop.ProgramHost.dll"), carry = CProgram.Build("carry");
                string[] words = trapsEverything ? [host, folder, "--everything"] : [host, folder];
                using Process process = Process.Start(new ProcessStartInfo("dotnet", [.. words, "--die-at", $"{nth}", "--", carry])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;

                // The streams end with the last process that has them.
                Task<string> error = process.StandardError.ReadToEndAsync();
                string output = await process.StandardOutput.ReadToEndAsync() + await error;
                await process.WaitForExitAsync();
                code = process.ExitCode;
                Assert.True(code is 0 or Killed, $"{code}: {output}");
                Assert.Empty(Strays.Of(Path.Combine(folder, "kernel")));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        Assert.InRange(nth, 12, 100);
    }

    private static async Task<string> NamesAsync(ProgramMachine machine, string name) =>
        Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), name));

    private static async Task GoneAsync(ProgramMachine machine)
    {
        while (Strays.Numbers(machine.KernelImagePath).Count > 0)
        {
            await Task.Delay(5);
        }
    }

    private static int Kill(int process, int signal) => Tmds.Linux.LibC.kill(process, signal);
}
