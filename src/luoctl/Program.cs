using System.CommandLine;
using LuoInterop.Cli;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Replay;
using LuoInterop.Cli.Status;
using LuoInterop.Litmus;

// The payload of a VM of 'luoctl replay --kernel vm': no command for people.
if (args is [GuestReplay.Word])
{
    return GuestReplay.Run();
}

if (CommandLineBytes.FindInvalid(args, static () => File.ReadAllBytes("/proc/self/cmdline")) is { } invalid)
{
    Console.Error.WriteLine($"luoctl: the argument '{invalid}' is not UTF-8, and .NET cannot name such a file; rename it, or give "
        + "it on standard input: luoctl replay -");
    return ReplayCommand.CannotRun;
}

var root = new RootCommand("Works with Linux live update: kernels replaced by kexec under running work (LUO, /dev/liveupdate).")
{
    ReplayCommand.Create(),
    EmulateCommand.Create(),
    StatusCommand.Create(),
};

// Words that are no command are told apart from scripts that were not met.
// A file may be named @FILE, and the commands take signals themselves.
ParseResult command = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
int code = await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return command.Errors.Count > 0 ? ReplayCommand.CannotRun : code;
