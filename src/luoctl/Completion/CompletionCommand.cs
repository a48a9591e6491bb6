using System.CommandLine;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.Completion;

/// <summary>Is <c>luoctl completion</c>: prints what a shell needs to complete luoctl's words.</summary>
internal static class CompletionCommand
{
    private static readonly Dictionary<string, Action<TextWriter, Command>> s_shells = new()
    {
        ["bash"] = BashCompletion.Write,
        ["zsh"] = ZshCompletion.Write,
        ["fish"] = FishCompletion.Write,
    };

    /// <param name="root">Gives the tree that is completed.</param>
    public static Command Create(Func<Command> root)
    {
        var shell = new Argument<string>("SHELL") { Description = "The shell: bash, zsh or fish." };
        shell.AcceptOnlyFromAmong([.. s_shells.Keys]);
        var command = new Command(
            "completion",
            "Prints completion for a shell: source <(luoctl completion bash), or a file in the shell's own folder.") { shell };
        command.SetAction(arguments => CommandRun.Run(json: false, output =>
        {
            s_shells[arguments.GetValue(shell)!](output.Writer, root());
            return ExitCode.Yes;
        }));
        return command;
    }
}
