using System.CommandLine;
using System.Runtime.InteropServices;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.ByHand;

/// <summary>Is <c>luoctl retrieve</c>: brings back what <c>luoctl preserve</c> kept in the kernel before.</summary>
internal static class RetrieveCommand
{
    public static Command Create()
    {
        Argument<string> name = PreserveCommand.Session("The session's name.");
        var to = new Option<string>(
            "--to") { Description = "The folder to unpack into.", HelpName = "folder", DefaultValueFactory = static _ => "." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "retrieve",
            "Unpacks what luoctl preserve kept, with modes and times, checks it, and finishes the session; where that fails it holds the "
                + "session, and tries again on SIGHUP.") { name, to, json };
        command.SetAction((arguments, _) => CommandRun.RunAsync(arguments.GetValue(json), (output, cancellation) =>
            RunAsync(output, arguments.GetValue(name)!, arguments.GetValue(to)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandOutput output, string name, string folder, CancellationToken cancellation)
    {
        // What cannot be written is better known before the session is taken: the end of this process is the end of the session.
        Directory.CreateDirectory(folder);
        string probe = Path.Combine(folder, $".luoctl-{Environment.ProcessId}");
        using (File.Create(probe, 1, FileOptions.DeleteOnClose))
        {
        }

        using LiveUpdateSession session = Take(Kernel.Linux, name);
        while (true)
        {
            try
            {
                IReadOnlyList<PackedFile> files = await Task.Run(() => FileSession.Unpack(session, folder, cancellation), cancellation);
                session.Finish();
                PackedFile.Write(output, name, emulated: false, $"unpacked into {folder}, checked, and the session is finished.", files);
                return ExitCode.Yes;
            }
            catch (Exception error) when (
                error is IOException or UnauthorizedAccessException or KernelException or SessionCatalogueException
                or InvalidDataException)
            {
                CommandOutput.Note(
                    $"{error.Message.TrimEnd('.')}; the session is held by process {Environment.ProcessId}: SIGHUP tries again, "
                        + "Ctrl-C gives it up, and its memory is gone then");
            }

            var again = new TaskCompletionSource();
            using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
            {
                context.Cancel = true;
                again.TrySetResult();
            });
            await again.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Retrieves a session.</summary>
    /// <exception cref="CommandFailure">There is none of this name.</exception>
    public static LiveUpdateSession Take(Kernel kernel, string name)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        return device.TryRetrieveSession(name, out LiveUpdateSession? session)
            ? session
            : throw new CommandFailure(
                $"the kernel before handed over no session '{name}', or it is finished",
                "luoctl kho says whether there was a handover",
                ExitCode.No);
    }
}
