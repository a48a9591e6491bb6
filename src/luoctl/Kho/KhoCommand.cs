using System.CommandLine;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;
using LuoInterop.Kho;

namespace LuoInterop.Cli.Kho;

/// <summary>Is <c>luoctl kho</c>: shows what the kernel before handed over, and what this one will.</summary>
internal static class KhoCommand
{
    public static Command Create()
    {
        Option<string> root = CommandTree.Root();
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "kho",
            "Shows Kexec HandOver of this kernel: what it got and will give, the memory that it takes, and LUO's state; exits with 1 "
                + "where KHO is off, and with 3 where that cannot be seen.") { root, json };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), output =>
        {
            KhoOverview overview = KhoOverview.Read(arguments.GetValue(root)!);
            output.Write(text => KhoText.Write(text, overview), () => KhoJson.Of(overview));
            return overview.Out.SubTrees is { State: KhoState.Absent } absent
                ? absent.Absence == KhoAbsence.KhoOff ? ExitCode.No : ExitCode.Unknown
                : ExitCode.Yes;
        }));
        return command;
    }
}
