using System.CommandLine;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.Status;

/// <summary>Is <c>luoctl status</c>: says whether this machine can be updated live by this user, and if not, why.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "status",
            "Says which kernel runs, who may open /dev/liveupdate, and whether it can be used; exits with 1 if it cannot.") { json };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), static output =>
        {
            StatusReport report = StatusReport.Read();
            output.Write(report.WriteText, report.ToJson);
            return report.Availability.IsAvailable ? ExitCode.Yes : ExitCode.No;
        }));
        return command;
    }
}
