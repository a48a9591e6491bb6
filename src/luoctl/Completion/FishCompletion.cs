using System.CommandLine;

namespace LuoInterop.Cli.Completion;

/// <summary>Writes completion for fish.</summary>
internal static class FishCompletion
{
    public static void Write(TextWriter output, Command root)
    {
        output.Write("# fish completion of luoctl; made by 'luoctl completion fish'.\ncomplete -c luoctl -l help -d 'Show help'\n");
        foreach (CommandWord word in CommandWord.Walk(root))
        {
            string[] below = [.. word.Commands.Select(static command => command.Name)];
            string seen = word.Path.Count == 0 ? "" : $"__fish_seen_subcommand_from {word.Path[^1]}; and ";
            string here = below.Length > 0 ? $"{seen}not __fish_seen_subcommand_from {string.Join(' ', below)}" : seen[..^6];
            foreach (Command command in word.Commands)
            {
                output.Write($"complete -c luoctl -f -n '{here}' -a {command.Name} -d '{CommandWord.Brief(command)}'\n");
            }

            foreach (string value in word.Command.Arguments.SelectMany(CommandWord.Values))
            {
                output.Write($"complete -c luoctl -f -n '{here}' -a {value}\n");
            }

            foreach (Option option in word.Options)
            {
                string values = !CommandWord.HasValue(option) ? ""
                    : CommandWord.Values(option) is { Count: > 0 } known ? $" -x -a '{string.Join(' ', known)}'"
                    : " -r";
                output.Write($"complete -c luoctl -n '{here}' -l {option.Name.TrimStart('-')}{values} -d '{CommandWord.Brief(option)}'\n");
            }
        }
    }
}
