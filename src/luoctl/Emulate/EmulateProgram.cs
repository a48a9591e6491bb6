using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Machine;
using LuoInterop.Cli.Output;
using LuoInterop.Emulation;
using LuoInterop.Emulation.Server;

namespace LuoInterop.Cli.Emulate;

/// <summary>Is <c>luoctl emulate -- PROGRAM</c>: runs a program on an emulated machine, through every kexec.</summary>
internal static class EmulateProgram
{
    /// <summary>What the command ends with where it could not run the program: what env(1) and others end with then.</summary>
    public const int CannotRun = 125;

    /// <summary>Adds the words to the command.</summary>
    public static void AddTo(Command command)
    {
        var program = new Argument<string[]>("program")
        {
            Description = "The program and its arguments, behind '--'.", Arity = ArgumentArity.ZeroOrMore,
        };
        var words = new MachineWords();
        var machine = new Option<string>("--machine")
        {
            Description = "Run it on this machine, which 'luoctl machine start' has started, until the program or the kernel ends.",
            HelpName = "name",
        };
        var keep = new Option<string>("--keep")
        {
            Description = "Let the machine live on when the program has ended, with its sessions and all that the program left behind: "
                + "'luoctl machine' knows it by this name.",
            HelpName = "name",
        };
        var json = new Option<bool>("--json") { Description = "Print what happens as JSON on standard error, a line for each event." };
        command.Arguments.Add(program);
        words.AddTo(command);
        foreach (Option option in (Option[])[machine, keep, json])
        {
            command.Options.Add(option);
        }

        command.SetAction((arguments, _) => RunAsync(async () =>
        {
            string[] run = arguments.GetValue(program) ?? [];
            if (run.Length == 0)
            {
                throw new CommandFailure("which program? luoctl emulate -- PROGRAM ARGUMENTS", null, CannotRun);
            }

            if (arguments.GetValue(machine) is { } name)
            {
                return arguments.GetValue(keep) is null
                    ? MachineFolder.Find(name).Execute(run)
                    : throw new CommandFailure("--machine runs on a machine that lives on anyway, --keep starts one", null, CannotRun);
            }

            if (arguments.GetValue(keep) is { } kept)
            {
                return await (await MachineCommand.StartAsync(kept, words.Words(arguments))).FollowAsync(run);
            }

            using StreamWriter? file = words.OpenTrace(arguments);
            bool isJson = arguments.GetValue(json);
            await using ProgramMachine made = words.Create(arguments, null, file, happened => Show(happened, isJson));
            return await FollowAsync(made, new ProgramStart(run), isJson);
        }));
    }

    /// <summary>Runs what starts programs: failures of its own end with <see cref="CannotRun"/>.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception error) when (error is CommandFailure or ProgramMachineException or EmulatedKernelPanicException or IOException
            or UnauthorizedAccessException or KernelException)
        {
            CommandOutput.Note(error.Message.TrimEnd('.'));
            return error is CommandFailure failure && failure.Code != ExitCode.CannotRun ? failure.Code : CannotRun;
        }
    }

    /// <summary>Shows an event on standard error: what people need to know, or all of it as JSON.</summary>
    public static void Show(ProgramEvent happened, bool isJson)
    {
        if (isJson)
        {
            Console.Error.WriteLine(new JsonObject
            {
                ["event"] = Word(happened.Kind), ["kernel"] = happened.Stage, ["text"] = happened.Text,
            }.ToJsonString());
        }
        else if (happened.Kind is ProgramEventKind.KernelEnded or ProgramEventKind.Note
            || (happened.Kind == ProgramEventKind.Booted && happened.Stage > 1))
        {
            CommandOutput.Note(happened.Text);
        }
    }

    private static async Task<int> FollowAsync(ProgramMachine machine, ProgramStart program, bool isJson)
    {
        // The keys of a terminal reach the program as well, which decides what they mean.
        using var ended = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, static context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        try
        {
            ProgramEnd end = await machine.FollowAsync(program, ended.Token);
            if (isJson)
            {
                Console.Error.WriteLine(new JsonObject
                {
                    ["event"] = "end", ["kernel"] = machine.Stage, ["text"] = end.Text, ["exitCode"] = end.ExitCode,
                }.ToJsonString());
            }

            return end.Kind == ProgramEndKind.PoweredOff ? ExitCode.Yes : end.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new CommandFailure("interrupted; nothing is left running", null, 128 + 15);
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ended.Cancel();
        }
    }

    private static string Word(ProgramEventKind kind) => kind switch
    {
        ProgramEventKind.Booted => "booted",
        ProgramEventKind.Started => "started",
        ProgramEventKind.Ended => "ended",
        ProgramEventKind.KernelEnded => "kernel-ended",
        _ => "note",
    };
}
