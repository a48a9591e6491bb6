using System.CommandLine;

namespace LuoInterop.Cli.Completion;

/// <summary>Writes completion for bash.</summary>
internal static class BashCompletion
{
    public static void Write(TextWriter output, Command root)
    {
        CommandWord[] words = [.. CommandWord.Walk(root)];
        string paths = string.Join('|', words.Where(static word => word.Path.Count > 0).Select(static word => $"'{word.Spaced}'"));
        output.Write($$"""
            # bash completion of luoctl; made by 'luoctl completion bash'.
            _luoctl() {
              local path= cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i
              for ((i = 1; i < COMP_CWORD; i++)); do
                case "$path ${COMP_WORDS[i]}" in
                  {{paths}}) path+=" ${COMP_WORDS[i]}" ;;
                esac
              done
              COMPREPLY=()
              case "$path $prev" in

            """);
        foreach (CommandWord word in words)
        {
            foreach (Option option in word.Options.Where(CommandWord.HasValue))
            {
                string reply = CommandWord.Values(option) is { Count: > 0 } values ? $"-W '{string.Join(' ', values)}'" : "-f";
                output.Write($"    '{word.Spaced} {option.Name}') COMPREPLY=($(compgen {reply} -- \"$cur\")); return ;;\n");
            }
        }

        output.Write("  esac\n  case \"$path\" in\n");
        foreach (CommandWord word in words)
        {
            IEnumerable<string> candidates = word.Commands.Select(static command => command.Name)
                .Concat(word.Command.Arguments.SelectMany(CommandWord.Values))
                .Concat(word.Options.Select(static option => option.Name));
            output.Write(
                $"    '{word.Spaced}') COMPREPLY=($(compgen -W '{string.Join(' ', candidates.Append("--help"))}' -- \"$cur\")) ;;\n");
        }

        output.Write("  esac\n}\ncomplete -o default -F _luoctl luoctl\n");
    }
}
