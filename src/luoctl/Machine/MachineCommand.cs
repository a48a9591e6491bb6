using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.Machine;

/// <summary>Is <c>luoctl machine</c>: emulated machines that live on between commands.</summary>
internal static class MachineCommand
{
    private const string Serve = "serve";

    public static Command Create() => new(
        "machine", "Starts and stops emulated machines that live on between commands; programs run on them side by side.")
    {
        Start(), Run(), Kexec(), List(), Stop(), Server(),
    };

    private static Argument<string> Name() => new("name") { Description = "The machine's name." };

    private static Command Start()
    {
        Argument<string> name = Name();
        var words = new MachineWords();
        var command = new Command("start", "Starts a machine, and boots its first kernel.") { name };
        words.AddTo(command);
        command.SetAction((arguments, _) => EmulateProgram.RunAsync(async () =>
        {
            await StartAsync(arguments.GetValue(name)!, words.Words(arguments));
            return ExitCode.Yes;
        }));
        return command;
    }

    /// <summary>Starts a machine's process, and waits until its first kernel runs.</summary>
    /// <param name="name">The machine's name.</param>
    /// <param name="words">The options that describe it.</param>
    /// <exception cref="CommandFailure">The name is none, a machine of the name runs, or this one does not start.</exception>
    public static async Task<MachineFolder> StartAsync(string name, IEnumerable<string> words)
    {
        MachineFolder folder = MachineFolder.Of(name);
        if (folder.IsRunning())
        {
            throw new CommandFailure($"the machine '{folder.Name}' runs already", null, ExitCode.No);
        }

        if (Directory.Exists(folder.Path))
        {
            // A machine that was killed has left it.
            Directory.Delete(folder.Path, recursive: true);
        }

        string[] self = [.. LuoInterop.VmTesting.ThisProgram.Command];
        using Process server = Process.Start(new ProcessStartInfo(self[0], [.. self[1..], "machine", Serve, folder.Name, .. words])
        {
            // The server lives on: with a stream of ours open it would keep a reader of ours waiting.
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> errors = server.StandardError.ReadToEndAsync();
        string? said = await server.StandardOutput.ReadLineAsync();
        if (said == MachineServer.Ready)
        {
            return folder;
        }

        string why = (await errors).Trim();
        throw new CommandFailure(
            $"the machine '{folder.Name}' did not start", why.Length > 0 ? why : null, EmulateProgram.CannotRun);
    }

    private static Command Run()
    {
        Argument<string> name = Name();
        var program = new Argument<string[]>("program")
        {
            Description = "The program and its arguments, behind '--'.", Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("run", "Runs a program on a machine until it exits, or the kernel ends.") { name, program };
        command.SetAction((arguments, _) => EmulateProgram.RunAsync(() => Task.FromResult(
            MachineFolder.Find(arguments.GetValue(name)!).Execute(arguments.GetValue(program)!))));
        return command;
    }

    private static Command Kexec()
    {
        Argument<string> name = Name();
        var line = new Option<string>("--cmdline") { Description = "The next kernel's command line.", HelpName = "text" };
        var command = new Command("kexec", "Ends all programs, and jumps into the loaded kernel, or into one like the first.")
        {
            name, line,
        };
        command.SetAction((arguments, _) => EmulateProgram.RunAsync(() => Task.FromResult(Ask(
            arguments.GetValue(name)!, arguments.GetValue(line) is { } text ? $"kexec {text}" : "kexec"))));
        return command;
    }

    private static Command Stop()
    {
        Argument<string> name = Name();
        var command = new Command("stop", "Ends all programs, and switches a machine off; its memory is gone.") { name };
        command.SetAction((arguments, _) => EmulateProgram.RunAsync(async () =>
        {
            MachineFolder folder = MachineFolder.Find(arguments.GetValue(name)!);
            int code = Ask(folder.Name, "stop");
            while (Directory.Exists(folder.Path))
            {
                await Task.Delay(20);
            }

            return code;
        }));
        return command;
    }

    private static Command List()
    {
        Option<bool> json = CommandTree.Json();
        var command = new Command("list", "Lists the machines that run.") { json };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), output =>
        {
            (MachineFolder Folder, JsonObject Status)[] machines =
                [.. MachineFolder.All().Select(static folder => (folder, JsonNode.Parse(folder.Ask("status"))!.AsObject()))];
            output.Write(
                text =>
                {
                    foreach ((MachineFolder folder, JsonObject status) in machines)
                    {
                        string files = TextOutput.Count(status["openFiles"]!.GetValue<int>(), "open file", "open files");
                        text.Field(folder.Name, $"kernel {status["kernel"]}, {files} of it");
                    }
                },
                () => new JsonArray([.. machines.Select(static machine =>
                {
                    machine.Status.Insert(0, "name", machine.Folder.Name);
                    return (JsonNode)machine.Status;
                })]));
            return ExitCode.Yes;
        }));
        return command;
    }

    // The process of a machine: no command for people.
    private static Command Server()
    {
        Argument<string> name = Name();
        var words = new MachineWords();
        var command = new Command(Serve, "Is a machine's process.") { name };
        command.Hidden = true;
        words.AddTo(command);
        command.SetAction((arguments, _) => EmulateProgram.RunAsync(() =>
            MachineServer.RunAsync(MachineFolder.Of(arguments.GetValue(name)!), words, arguments)));
        return command;
    }

    private static int Ask(string name, string command)
    {
        string answer = MachineFolder.Find(name).Ask(command);
        return answer == "done"
            ? ExitCode.Yes
            : throw new CommandFailure(answer.Replace("error: ", "", StringComparison.Ordinal).TrimEnd('.'), null, ExitCode.No);
    }
}
