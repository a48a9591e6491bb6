using System.CommandLine;
using System.Reflection;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.Completion;

/// <summary>Is <c>luoctl man</c>: prints the manual page.</summary>
internal static class ManCommand
{
    private static readonly (int Code, string Meaning)[] s_codes =
    [
        (ExitCode.Yes, "The answer is yes: done, ready, nothing differs."),
        (ExitCode.No, "The answer is no: not ready, something differs or would be lost."),
        (ExitCode.CannotRun, "The words are wrong, or the command could not do its work; standard error says why."),
        (ExitCode.Unknown, "The command looked, and cannot know."),
        (128 + 2, "Ctrl-C ended it."),
        (ExitCode.ClosedPipe, "Whoever read standard output has closed it."),
    ];

    /// <param name="root">Gives the tree that is described.</param>
    public static Command Create(Func<Command> root)
    {
        var command = new Command("man", "Prints the manual page: luoctl man | man -l -");
        command.SetAction(_ => CommandRun.Run(json: false, output =>
        {
            Write(output.Writer, root());
            return ExitCode.Yes;
        }));
        return command;
    }

    public static void Write(TextWriter output, Command root)
    {
        string version = typeof(ManCommand).Assembly.GetName().Version?.ToString(3) ?? "";
        output.Write($".TH LUOCTL 8 \"\" \"luoctl {version}\" \"Linux live update\"\n");
        string brief = CommandWord.Brief(root);
        output.Write($".nh\n.SH NAME\nluoctl \\- {Roff(char.ToLowerInvariant(brief[0]) + brief[1..])}\n");
        output.Write(".SH SYNOPSIS\n.B luoctl\n.I command\n[options]\n");
        output.Write(".SH COMMANDS\n");
        foreach (CommandWord word in CommandWord.Walk(root).Where(static word => word.Path.Count > 0))
        {
            string arguments = string.Concat(word.Command.Arguments.Select(static argument =>
                $" {argument.Name}{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}"));
            output.Write($".SS \"luoctl{Roff(word.Spaced)}{Roff(arguments)}\"\n{Roff(word.Command.Description ?? "")}\n");
            foreach (Argument argument in word.Command.Arguments)
            {
                output.Write($".TP\n.I {Roff(argument.Name)}\n{Roff(argument.Description ?? "")}\n");
            }

            foreach (Option option in word.Options)
            {
                string value = CommandWord.HasValue(option) ? $" \\fI{Roff(CommandWord.Placeholder(option))}\\fR" : "";
                output.Write($".TP\n\\fB{Roff(option.Name)}\\fR{value}\n{Roff(option.Description ?? "")}\n");
                if (CommandWord.Values(option) is { Count: > 0 } values)
                {
                    output.Write($".br\nOne of: {Roff(string.Join(", ", values))}.\n");
                }
            }
        }

        output.Write(".SH EXIT STATUS\n");
        foreach ((int code, string meaning) in s_codes)
        {
            output.Write($".TP\n.B {code}\n{Roff(meaning)}\n");
        }

        output.Write(
            ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours, also in a terminal.\n"
            + ".SH FILES\n.TP\n.I /dev/liveupdate\nThe device of the Live Update Orchestrator.\n"
            + ".TP\n.I /sys/kernel/debug/kho\nWhat the kernel shows of Kexec HandOver.\n.SH SEE ALSO\n.BR kexec (8),\n.BR systemd (1)\n");
    }

    // A line of roff does not begin with a dot or a quote, and every hyphen is one that can be copied.
    private static string Roff(string text)
    {
        string line = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal)
            .Replace("\"", "\\(dq", StringComparison.Ordinal);
        return line.StartsWith('.') || line.StartsWith('\'') ? $"\\&{line}" : line;
    }
}
