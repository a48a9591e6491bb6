using System.CommandLine;
using System.CommandLine.Parsing;
using LuoInterop.Cli.CheckNext;
using LuoInterop.Cli.Doctor;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Kho;
using LuoInterop.Cli.Replay;
using LuoInterop.Cli.Sessions;
using LuoInterop.Cli.Status;

namespace LuoInterop.Cli;

/// <summary>Lists the commands; help, completion and the manual page are made of this tree.</summary>
internal static class CommandTree
{
    public static RootCommand Create() =>
        new("Works with Linux live update: kernels replaced by kexec under running work (LUO, /dev/liveupdate).")
        {
            StatusCommand.Create(),
            DoctorCommand.Create(),
            CheckNextCommand.Create(),
            KhoCommand.Create(),
            SessionsCommand.Create(),
            ReplayCommand.Create(),
            EmulateCommand.Create(),
        };

    /// <summary>Makes the option of commands that look at a machine's files.</summary>
    public static Option<string> Root() => new("--root")
    {
        Description = "A folder with another machine's files, as proc/cmdline and sys/kernel/debug/kho.",
        HelpName = "folder",
        DefaultValueFactory = static _ => "/",
    };

    /// <summary>Makes the option that every command with a result has.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of text." };

    /// <summary>Gets the words that a command is called by, as in <c>luoctl emulate hugetlb</c>.</summary>
    public static string NameOf(SymbolResult? result) =>
        result is CommandResult { Parent: CommandResult parent } command ? $"{NameOf(parent)} {command.Command.Name}" : "luoctl";
}
