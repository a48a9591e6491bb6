using System.CommandLine;
using System.CommandLine.Parsing;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Replay;
using LuoInterop.Cli.Status;

namespace LuoInterop.Cli;

/// <summary>Lists the commands; help, completion and the manual page are made of this tree.</summary>
internal static class CommandTree
{
    public static RootCommand Create() =>
        new("Works with Linux live update: kernels replaced by kexec under running work (LUO, /dev/liveupdate).")
        {
            StatusCommand.Create(),
            ReplayCommand.Create(),
            EmulateCommand.Create(),
        };

    /// <summary>Makes the option that every command with a result has.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of text." };

    /// <summary>Gets the words that a command is called by, as in <c>luoctl emulate hugetlb</c>.</summary>
    public static string NameOf(SymbolResult? result) =>
        result is CommandResult { Parent: CommandResult parent } command ? $"{NameOf(parent)} {command.Command.Name}" : "luoctl";
}
