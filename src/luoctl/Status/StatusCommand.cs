using System.CommandLine;
using LuoInterop.Cli.Replay;

namespace LuoInterop.Cli.Status;

/// <summary>Is <c>luoctl status</c>: says whether this machine can be updated live by this user, and if not, why.</summary>
internal static class StatusCommand
{
    private const int NotUsable = 1;

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON document instead of text." };
        var command = new Command(
            "status",
            "Says which kernel runs, who may open /dev/liveupdate, and whether it can be used; exits with 1 if it cannot.") { json };
        command.SetAction(arguments => Run(arguments.GetValue(json)));
        return command;
    }

    private static int Run(bool json)
    {
        try
        {
            StatusReport report = StatusReport.Read();
            Action<TextWriter> write = json ? report.WriteJson : report.WriteText;
            write(Console.Out);
            return report.Availability.IsAvailable ? 0 : NotUsable;
        }
        catch (DllNotFoundException)
        {
            Console.Error.WriteLine("luoctl: libMonoPosixHelper.so is missing; it belongs beside luoctl.");
            return ReplayCommand.CannotRun;
        }
        catch (IOException error)
        {
            Console.Error.WriteLine($"luoctl: {error.Message}");
            return ReplayCommand.CannotRun;
        }
    }
}
