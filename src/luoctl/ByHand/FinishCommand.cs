using System.CommandLine;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.ByHand;

/// <summary>Is <c>luoctl finish</c>: ends a session that nobody wants any more, and frees its memory.</summary>
internal static class FinishCommand
{
    public static Command Create()
    {
        Argument<string> name = PreserveCommand.Session("The session's name.");
        var command = new Command(
            "finish",
            "Finishes a session that the kernel before handed over: what was not retrieved of it is gone, and its memory free.") { name };
        command.SetAction(arguments => CommandRun.Run(json: false, output =>
        {
            using LiveUpdateSession session = RetrieveCommand.Take(Kernel.Linux, arguments.GetValue(name)!);
            session.Finish();
            output.Text.Line($"finished: {session.Name}", Tone.Good);
            return ExitCode.Yes;
        }));
        return command;
    }
}
