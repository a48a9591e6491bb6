using System.CommandLine;

namespace LuoInterop.Cli.Completion;

/// <summary>Writes completion for zsh.</summary>
internal static class ZshCompletion
{
    public static void Write(TextWriter output, Command root)
    {
        CommandWord[] words = [.. CommandWord.Walk(root)];
        string paths = string.Join('|', words.Where(static word => word.Path.Count > 0).Select(static word => $"'{word.Spaced}'"));
        output.Write($$"""
            #compdef luoctl
            # zsh completion of luoctl; made by 'luoctl completion zsh'.
            _luoctl() {
              local place= word
              local -a found
              for word in ${words[2,CURRENT-1]}; do
                case "$place $word" in
                  {{paths}}) place+=" $word" ;;
                esac
              done
              case "$place ${words[CURRENT-1]}" in

            """);
        foreach (CommandWord word in words)
        {
            foreach (Option option in word.Options.Where(CommandWord.HasValue))
            {
                string reply = CommandWord.Values(option) is { Count: > 0 } values ? $"compadd -- {string.Join(' ', values)}" : "_files";
                output.Write($"    '{word.Spaced} {option.Name}') {reply}; return ;;\n");
            }
        }

        output.Write("  esac\n  case \"$place\" in\n");
        foreach (CommandWord word in words)
        {
            IEnumerable<string> candidates = word.Commands.Select(static command => Entry(command.Name, command))
                .Concat(word.Command.Arguments.SelectMany(static argument =>
                    CommandWord.Values(argument).Select(value => Entry(value, argument))))
                .Concat(word.Options.Select(static option => Entry(option.Name, option)));
            output.Write($"    '{word.Spaced}') found=({string.Join(' ', candidates.Append("'--help:Show help'"))}) ;;\n");
        }

        output.Write("  esac\n  _describe luoctl found\n  _files\n}\n"
            + "[ \"$funcstack[1]\" = _luoctl ] && _luoctl \"$@\" || compdef _luoctl luoctl\n");
    }

    private static string Entry(string name, Symbol symbol) => $"'{name}:{CommandWord.Brief(symbol)}'";
}
