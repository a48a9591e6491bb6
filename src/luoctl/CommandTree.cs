using System.CommandLine;
using System.CommandLine.Parsing;
using LuoInterop.Cli.ByHand;
using LuoInterop.Cli.CheckNext;
using LuoInterop.Cli.Completion;
using LuoInterop.Cli.Decode;
using LuoInterop.Cli.Doctor;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Kexec;
using LuoInterop.Cli.Kho;
using LuoInterop.Cli.Machine;
using LuoInterop.Cli.Replay;
using LuoInterop.Cli.Sessions;
using LuoInterop.Cli.Status;
using LuoInterop.Cli.Verify;

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
            PreserveCommand.Create(),
            RetrieveCommand.Create(),
            FinishCommand.Create(),
            KexecCommand.Create(),
            VerifyCommand.Create(),
            DecodeCommand.Create(),
            ReplayCommand.Create(),
            EmulateCommand.Create(),
            MachineCommand.Create(),
            CompletionCommand.Create(Create),
            ManCommand.Create(Create),
        };

    /// <summary>Lists the commands with <c>--json</c>, as their schemas' files are called.</summary>
    public static IEnumerable<string> WithJson() =>
        from word in CommandWord.Walk(Create())
        where word.Options.Any(static option => option.Name == "--json")
        select string.Join('-', word.Path);

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
