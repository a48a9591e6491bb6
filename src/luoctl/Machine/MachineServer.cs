using System.CommandLine;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Output;
using LuoInterop.Emulation.Server;
using Tmds.Linux;

namespace LuoInterop.Cli.Machine;

/// <summary>Is the process of a machine that lives on between commands.</summary>
internal static class MachineServer
{
    /// <summary>What it prints once it can be asked.</summary>
    public const string Ready = "ready";

    /// <summary>What it says of a kernel that a program ended by switching the machine off.</summary>
    public const string PoweredOff = "powered-off";

    // How the last kernel ended, and why there is none any more.
    private static volatile string? s_lastEnd;
    private static volatile string? s_failure;

    /// <summary>Runs the machine until it is told to stop.</summary>
    public static async Task<int> RunAsync(MachineFolder folder, MachineWords words, ParseResult arguments)
    {
        // No terminal's keys, and no end of a shell, reach it.
        _ = LibC.setsid();
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        Directory.CreateDirectory(folder.Path);
        await using StreamWriter? trace = words.OpenTrace(arguments);
        await using ProgramMachine machine = words.Create(
            arguments, folder.Path, trace, happened => File.AppendAllText(folder.LogPath, $"kernel {happened.Stage}: {happened.Text}\n"));
        machine.Boot();
        File.Delete(folder.ControlPath);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.ControlPath));
        socket.Listen();
        Console.WriteLine(Ready);
        Console.Out.Close();
        LeaveStreams(folder.LogPath);
        Task follow = FollowAsync(machine, folder, stop.Token);
        try
        {
            while (true)
            {
                using Socket asked = await socket.AcceptAsync(stop.Token);
                await TakeAsync(machine, asked, stop);
            }
        }
        catch (OperationCanceledException)
        {
        }

        await follow;
        File.Delete(folder.ControlPath);
        await machine.DisposeAsync();
        Directory.Delete(folder.Path, recursive: true);
        return ExitCode.Yes;
    }

    // Whoever reads the streams of the command that started it is not to wait for the machine.
    private static unsafe void LeaveStreams(string logPath)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle log =
            File.OpenHandle(logPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        int fd = (int)log.DangerousGetHandle();
        if (LibC.dup2(fd, LibC.STDOUT_FILENO) < 0 || LibC.dup2(fd, LibC.STDERR_FILENO) < 0)
        {
            throw new IOException($"dup2(2) fails with {(Errno)Marshal.GetLastPInvokeError()}.");
        }
    }

    private static async Task TakeAsync(ProgramMachine machine, Socket asked, CancellationTokenSource stop)
    {
        try
        {
            await using var stream = new NetworkStream(asked);
            using var reader = new StreamReader(stream, leaveOpen: true);
            string command = await reader.ReadToEndAsync(stop.Token);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(await AnswerAsync(machine, command, stop)), CancellationToken.None);
        }
        catch (IOException)
        {
            // Whoever asked has gone, and wants no answer.
        }
    }

    // A kernel that a program replaced is followed by the next one.
    private static async Task FollowAsync(ProgramMachine machine, MachineFolder folder, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                s_lastEnd = await machine.WaitForKernelAsync(stop) switch
                {
                    ProgramEndKind.PoweredOff => PoweredOff,
                    ProgramEndKind.Restarted => "restarted",
                    _ => "kexec",
                };
                machine.Boot();
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error) when (error is ProgramMachineException or Emulation.EmulatedKernelPanicException)
        {
            s_failure = error.Message;
            await File.AppendAllTextAsync(folder.LogPath, error.Message + "\n", CancellationToken.None);
        }
    }

    private static async Task<string> AnswerAsync(ProgramMachine machine, string command, CancellationTokenSource stop)
    {
        string[] words = command.Split(' ', 2);
        switch (words[0])
        {
            case "status":
                // Looked at first: of a kernel that runs the number is known.
                bool isRunning = machine.Machine.IsRunning;
                var status = new JsonObject
                {
                    ["kernel"] = machine.Stage, ["running"] = isRunning, ["openFiles"] = machine.OpenFiles,
                };
                if (s_lastEnd is not null)
                {
                    status["lastEnd"] = s_lastEnd;
                }

                if (s_failure is not null)
                {
                    status["failure"] = s_failure;
                }

                return status.ToJsonString();
            case "kexec":
                try
                {
                    await machine.KexecAsync(words.Length == 2 ? words[1] : null);
                    return "done";
                }
                catch (Exception error) when (error is KernelException or InvalidOperationException
                    or Emulation.EmulatedKernelPanicException)
                {
                    return $"error: {error.Message}";
                }

            case "stop":
                await stop.CancelAsync();
                return "done";
            default:
                return "error: no such command";
        }
    }
}
