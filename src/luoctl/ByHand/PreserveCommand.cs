using System.CommandLine;
using System.Net.Sockets;
using System.Text;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.ByHand;

/// <summary>Is <c>luoctl preserve</c>: keeps files in a session until the next kernel runs, or it is told to end.</summary>
internal static class PreserveCommand
{
    public static Command Create()
    {
        Argument<string> name = Session("The session's name, of 1 to 63 bytes.");
        var files = new Argument<string[]>(
            "FILE") { Description = "Files, folders, or '-' for standard input.", Arity = ArgumentArity.OneOrMore };
        var emulated = new Option<bool>("--emulated") { Description = "Only play it through, with the jump, on the emulated kernel." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "preserve",
            "Keeps files in a session until the kexec, and as long as this command runs: start it as a unit (systemd-run), or with '&'.")
        {
            name, files, emulated, json,
        };
        command.SetAction((arguments, _) => CommandRun.RunAsync(arguments.GetValue(json), (output, cancellation) =>
            arguments.GetValue(emulated)
            ? Task.Run(() => PlayThrough(output, arguments.GetValue(name)!, arguments.GetValue(files)!, cancellation), cancellation)
            : HoldAsync(output, arguments.GetValue(name)!, arguments.GetValue(files)!, cancellation)));
        return command;
    }

    /// <summary>Makes the argument that names a session.</summary>
    public static Argument<string> Session(string description) => new("NAME") { Description = description };

    private static async Task<int> HoldAsync(CommandOutput output, string name, string[] files, CancellationToken cancellation)
    {
        MustBeDistinct(files);
        (LiveUpdateSession session, IReadOnlyList<PackedFile> packed) = await Task.Run(
            () => FileSession.Preserve(Kernel.Linux, name, files, cancellation), cancellation).WaitAsync(cancellation);
        using (session)
        {
            session.HoldUntilKexec();
            PackedFile.Write(
                output, name, emulated: false, $"preserved, and held by process {Environment.ProcessId}; its end takes it back.", packed);
            output.Flush();
            NotifyReady();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                session.Abort();
            }
        }

        return ExitCode.Yes;
    }

    private static int PlayThrough(CommandOutput output, string name, string[] files, CancellationToken cancellation)
    {
        MustBeDistinct(files);
        IReadOnlyList<PackedFile> packed = DryRun.Play(name, files, cancellation);
        PackedFile.Write(output, name, emulated: true, "played through: all of it came back as it was, on the emulated kernel.", packed);
        return ExitCode.Yes;
    }

    private static void MustBeDistinct(string[] files)
    {
        if (files.FirstOrDefault(static file => file != Package.Pipe && !Path.Exists(file)) is { } missing)
        {
            throw new CommandFailure($"{missing} does not exist");
        }

        if (files.GroupBy(Package.NameOf).FirstOrDefault(static group => group.Count() > 1) is { } twice)
        {
            throw new CommandFailure($"{string.Join(" and ", twice)} have the same name", "preserve them in two sessions");
        }
    }

    // sd_notify(3), for units with Type=notify.
    private static void NotifyReady()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 1 } path)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.ASCII.GetBytes("READY=1"), new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        }
    }
}
