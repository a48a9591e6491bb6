using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Emulate;
using LuoInterop.Cli.Output;
using Tmds.Linux;

namespace LuoInterop.Cli.Machine;

/// <summary>Is where a machine that lives on between commands is found: a folder by its name, with its sockets.</summary>
internal sealed class MachineFolder
{
    private const int LongestName = 40;

    private MachineFolder(string name, string path)
    {
        Name = name;
        Path = path;
    }

    /// <summary>Gets the machine's name.</summary>
    public string Name { get; }

    /// <summary>Gets the folder.</summary>
    public string Path { get; }

    /// <summary>Gets the file that the machine's own process writes what it has to say to.</summary>
    public string LogPath => System.IO.Path.Combine(Path, "log");

    /// <summary>Gets the socket that commands are sent to.</summary>
    public string ControlPath => System.IO.Path.Combine(Path, "control");

    private string KernelPath => System.IO.Path.Combine(Path, "kernel");

    private string LauncherPath => System.IO.Path.Combine(Path, "luo_launch");

    private string SocketPath => System.IO.Path.Combine(Path, "socket");

    private static string Root =>
        System.IO.Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
            ? runtime
            : System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"luoctl-{Environment.UserName}"), "luo-machines");

    /// <summary>Gives the folder of a name, whether there is a machine or not.</summary>
    /// <exception cref="CommandFailure">The name is none.</exception>
    public static MachineFolder Of(string name) =>
        name.Length is > 0 and <= LongestName && !name.AsSpan().ContainsAnyExcept(Letters)
            ? new(name, System.IO.Path.Combine(Root, name))
            : throw new CommandFailure(
                $"'{name}' is no name of a machine: 1 to {LongestName} letters, digits, '-' and '_'", null, EmulateProgram.CannotRun);

    /// <summary>Finds a machine that runs.</summary>
    /// <exception cref="CommandFailure">There is none of the name.</exception>
    public static MachineFolder Find(string name)
    {
        MachineFolder folder = Of(name);
        return folder.IsRunning()
            ? folder
            : throw new CommandFailure(
                $"no machine '{name}' runs; luoctl machine start {name} starts one", null, EmulateProgram.CannotRun);
    }

    /// <summary>Lists the machines that run.</summary>
    public static IEnumerable<MachineFolder> All() => Directory.Exists(Root)
        ? Directory.GetDirectories(Root).Order(StringComparer.Ordinal)
            .Select(static path => new MachineFolder(System.IO.Path.GetFileName(path), path)).Where(static folder => folder.IsRunning())
        : [];

    /// <summary>Tells whether a machine answers here.</summary>
    public bool IsRunning()
    {
        try
        {
            return Ask("status").Length > 0;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    /// <summary>Sends a command and waits for its answer: what was asked for, or <c>error: </c> and why not.</summary>
    public string Ask(string command)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(ControlPath));
        using var stream = new NetworkStream(socket);
        stream.Write(Encoding.UTF8.GetBytes(command));
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Runs a program on the machine, and again in every kernel that it leads to, until it exits.</summary>
    /// <returns>Its exit code; 0 where it switched the machine off.</returns>
    /// <exception cref="CommandFailure">The machine has failed.</exception>
    public async Task<int> FollowAsync(string[] program)
    {
        // The keys of a terminal and these signals are meant for the program, which decides what they mean.
        Process? front = null;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, static context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Pass(context, LibC.SIGTERM));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Pass(context, LibC.SIGHUP));
        while (true)
        {
            int kernel = (await RunningAsync())["kernel"]!.GetValue<int>();
            var start = new ProcessStartInfo(LauncherPath, [SocketPath, .. program]);
            start.Environment["LUO_KERNEL"] = KernelPath;
            using Process run = Process.Start(start) ?? throw new CommandFailure("the launcher did not start");
            front = run;
            await run.WaitForExitAsync();
            JsonObject now = await RunningAsync();
            if (now["kernel"]!.GetValue<int>() == kernel)
            {
                return run.ExitCode;
            }

            if (now["lastEnd"]!.GetValue<string>() == MachineServer.PoweredOff)
            {
                return ExitCode.Yes;
            }
        }

        void Pass(PosixSignalContext context, int signal)
        {
            context.Cancel = true;
            if (front is { } running)
            {
                _ = LibC.kill(running.Id, signal);
            }
        }
    }

    // The state of the machine, once a kernel runs.
    private async Task<JsonObject> RunningAsync()
    {
        while (true)
        {
            JsonObject status = JsonNode.Parse(Ask("status"))!.AsObject();
            if (status["failure"] is { } failure)
            {
                throw new CommandFailure(failure.GetValue<string>().TrimEnd('.'), null, EmulateProgram.CannotRun);
            }

            if (status["running"]!.GetValue<bool>())
            {
                return status;
            }

            await Task.Delay(5);
        }
    }

    /// <summary>Becomes a program on the machine. Returns only where that fails.</summary>
    /// <exception cref="CommandFailure">The launcher cannot be executed.</exception>
    public unsafe int Execute(string[] program)
    {
        Environment.SetEnvironmentVariable("LUO_KERNEL", KernelPath);
        string launcher = LauncherPath;
        string[] words = [launcher, SocketPath, .. program];
        string[] environment =
        [
            .. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
                .Select(static one => $"{one.Key}={one.Value}"),
        ];
        nint[] arguments = [.. words.Select(Marshal.StringToCoTaskMemUTF8), 0];
        nint[] variables = [.. environment.Select(Marshal.StringToCoTaskMemUTF8), 0];

        // SAFETY: both lists end with null, and every text with NUL; they live until the process is another one.
        fixed (nint* argv = arguments, envp = variables)
        {
            _ = LibC.execve((byte*)argv[0], (byte**)argv, (byte**)envp);
        }

        throw new CommandFailure(
            $"{launcher} cannot be executed: {(Errno)Marshal.GetLastPInvokeError()}", null, EmulateProgram.CannotRun);
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
}
