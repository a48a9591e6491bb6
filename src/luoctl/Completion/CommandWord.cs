using System.CommandLine;
using System.CommandLine.Completions;

namespace LuoInterop.Cli.Completion;

/// <summary>Is a command of the tree, for those who write about all of them.</summary>
/// <param name="Path">The words that it is called by, without the program's.</param>
/// <param name="Command">The command.</param>
internal sealed record CommandWord(IReadOnlyList<string> Path, Command Command)
{
    /// <summary>Gets the words with a space before each.</summary>
    public string Spaced => string.Concat(Path.Select(static word => " " + word));

    public IEnumerable<Option> Options => Command.Options.Where(static option => !option.Hidden);

    public IEnumerable<Command> Commands => Command.Subcommands.Where(static command => !command.Hidden);

    /// <summary>Lists a tree's commands, each before those below it.</summary>
    public static IEnumerable<CommandWord> Walk(Command root, params IReadOnlyList<string> path)
    {
        var word = new CommandWord(path, root);
        return [word, .. word.Commands.SelectMany(command => Walk(command, [.. path, command.Name]))];
    }

    /// <summary>Tells whether an option has a value.</summary>
    public static bool HasValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);

    /// <summary>Gets the values that an option can have, or none where they are not counted.</summary>
    public static IReadOnlyList<string> Values(Option option) =>
        HasValue(option) ? Labels(option.GetCompletions(CompletionContext.Empty)) : [];

    /// <summary>Gets the values that an argument can have, or none where they are not counted.</summary>
    public static IReadOnlyList<string> Values(Argument argument) => Labels(argument.GetCompletions(CompletionContext.Empty));

    /// <summary>Gets what stands for an option's value.</summary>
    public static string Placeholder(Option option) =>
        option.HelpName ?? (Values(option).Count is > 0 and < 6 ? string.Join('|', Values(option)) : "value");

    /// <summary>Gets a description's first sentence, without its end.</summary>
    public static string Brief(Symbol symbol)
    {
        string text = symbol.Description ?? "";
        int end = text.IndexOfAny(['.', ';', ':']);
        return (end > 0 && (end + 1 == text.Length || text[end + 1] == ' ') ? text[..end] : text.TrimEnd('.')).Replace('\'', '`');
    }

    private static string[] Labels(IEnumerable<CompletionItem> items) => [.. items.Select(static item => item.Label)];
}
