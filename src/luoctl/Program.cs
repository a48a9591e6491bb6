using System.CommandLine;
using LuoInterop.Cli;
using LuoInterop.Cli.Output;
using LuoInterop.Litmus;

// The payloads of 'luoctl replay --kernel vm' and 'emulated-process': no commands for people.
if (args is [GuestReplay.Word])
{
    return GuestReplay.Run();
}

if (args is [ProgramReplay.Word, .. var stage])
{
    return ProgramReplay.RunStage(stage);
}

if (CommandLineBytes.FindInvalid(args, static () => File.ReadAllBytes("/proc/self/cmdline")) is { } invalid)
{
    Console.Error.WriteLine($"luoctl: the argument '{invalid}' is not UTF-8, and .NET cannot name such a file; rename it, or give "
        + "it on standard input: luoctl replay -");
    return ExitCode.CannotRun;
}

PosixLibrary.Register();
RootCommand root = CommandTree.Create();

// Words that are no command are told apart from scripts that were not met.
// A file may be named @FILE, and the commands take signals themselves.
ParseResult command = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (command.Errors.Count == 0)
{
    return await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
}

// Without any words the list of commands is the best answer; standard output is for results.
if (args.Length == 0)
{
    root.Parse("--help").Invoke(new InvocationConfiguration { Output = Console.Error });
    return ExitCode.CannotRun;
}

// A word that is none is what to say first: that a command is missing follows from it.
string wrong = command.UnmatchedTokens.Count > 0
    ? $"'{command.UnmatchedTokens[0]}' is no command or option"
    : command.Errors[0].Message.Split('\n')[0];
CommandOutput.Note($"{wrong.TrimEnd('.', ':')}; see '{CommandTree.NameOf(command.CommandResult)} --help'");
return ExitCode.CannotRun;
