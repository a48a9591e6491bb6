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
        await using ProgramMachine machine = words.Create(
            arguments, folder.Path, null, happened => File.AppendAllText(folder.LogPath, $"kernel {happened.Stage}: {happened.Text}\n"));
        machine.Boot();
        File.Delete(folder.ControlPath);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.ControlPath));
        socket.Listen();
        Console.WriteLine(Ready);
        Console.Out.Close();
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
                await machine.WaitForKernelAsync(stop);
                machine.Boot();
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error) when (error is ProgramMachineException or Emulation.EmulatedKernelPanicException)
        {
            await File.AppendAllTextAsync(folder.LogPath, error.Message + "\n", CancellationToken.None);
        }
    }

    private static async Task<string> AnswerAsync(ProgramMachine machine, string command, CancellationTokenSource stop)
    {
        string[] words = command.Split(' ', 2);
        switch (words[0])
        {
            case "status":
                return new JsonObject
                {
                    ["kernel"] = machine.Stage, ["running"] = machine.Machine.IsRunning, ["openFiles"] = machine.OpenFiles,
                }.ToJsonString();
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
