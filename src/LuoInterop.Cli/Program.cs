using System.CommandLine;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Replay;
using LuoInterop.Litmus;

// The payload of a VM of 'luoctl replay --kernel vm': no command for people.
if (args is [GuestReplay.Word])
{
    return GuestReplay.Run();
}

var root = new RootCommand("Works with Linux live update: kernels replaced by kexec under running work (LUO, /dev/liveupdate).")
{
    ReplayCommand.Create(),
    EmulateCommand.Create(),
};

// Words that are no command are told apart from scripts that were not met.
ParseResult command = root.Parse(args);
int code = await command.InvokeAsync();
return command.Errors.Count > 0 ? ReplayCommand.CannotRun : code;
