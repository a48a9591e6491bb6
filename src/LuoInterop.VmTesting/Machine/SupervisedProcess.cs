using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Names how a supervised program ended.</summary>
internal enum ProcessEndKind
{
    Exited,
    Killed,
    NotStarted,
    SupervisorLost,
}

/// <summary>Tells how a supervised program ended: <paramref name="Number"/> is its status, the signal, or errno.</summary>
internal readonly record struct ProcessEnd(ProcessEndKind Kind, int Number);

/// <summary>Runs a program beneath <c>supervise.c</c>, so that it ends when this process does, even by SIGKILL.</summary>
internal sealed class SupervisedProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(20);

    private readonly Process _supervisor;
    private readonly TaskCompletionSource<int> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _errors;

    private SupervisedProcess(Process supervisor, Action<byte[]> errors)
    {
        _supervisor = supervisor;
        _errors = PumpAsync(supervisor.StandardError.BaseStream, errors);
        End = WatchAsync();
    }

    internal int SupervisorId => _supervisor.Id;

    /// <summary>Completes with the program's process id, or with 0 when it could not be started.</summary>
    internal Task<int> Started => _started.Task;

    /// <summary>Completes when the program has ended.</summary>
    internal Task<ProcessEnd> End { get; }

    /// <param name="supervisor">The path of the compiled supervisor.</param>
    /// <param name="folder">The folder that it removes when this process ends without disposing; null for none.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="errors">Receives what the program writes, as it comes.</param>
    internal static SupervisedProcess Start(string supervisor, string? folder, IReadOnlyList<string> command, Action<byte[]> errors)
    {
        ProcessStartInfo start = new(supervisor, [folder ?? "-", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return new SupervisedProcess(Process.Start(start) ?? throw new VmSetupException($"{supervisor} gave no process."), errors);
        }
        catch (Win32Exception e)
        {
            throw new VmSetupException($"{supervisor} could not be started: {e.Message}", e);
        }
    }

    /// <summary>Kills the program; does nothing once it has ended.</summary>
    internal void Kill() => Tell('k');

    /// <summary>Kills the program if it still runs, and waits for it and its supervisor.</summary>
    public async ValueTask DisposeAsync()
    {
        Tell('k');
        try
        {
            await End.WaitAsync(s_endLimit).ConfigureAwait(false);
            Tell('q');
            await _supervisor.WaitForExitAsync().WaitAsync(s_endLimit).ConfigureAwait(false);
            await _errors.WaitAsync(s_endLimit).ConfigureAwait(false);
        }
        finally
        {
            _supervisor.Dispose();
        }
    }

    private void Tell(char request)
    {
        try
        {
            _supervisor.StandardInput.Write(request);
            _supervisor.StandardInput.Flush();
        }
        catch (IOException)
        {
            // The supervisor has ended, and the program with it: there is nobody left to ask.
        }
    }

    private async Task<ProcessEnd> WatchAsync()
    {
        ProcessEnd end = new(ProcessEndKind.SupervisorLost, 0);
        try
        {
            while (await _supervisor.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                string[] words = line.Split(' ');
                if (words.Length != 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                {
                    return end;
                }

                switch (words[0])
                {
                    case "pid":
                        _started.TrySetResult(number);
                        break;
                    case "exited":
                        return end = new ProcessEnd(ProcessEndKind.Exited, number);
                    case "killed":
                        return end = new ProcessEnd(ProcessEndKind.Killed, number);
                    case "failed":
                        return end = new ProcessEnd(ProcessEndKind.NotStarted, number);
                    default:
                        return end;
                }
            }

            return end;
        }
        finally
        {
            _started.TrySetResult(0);
        }
    }

    private static async Task PumpAsync(Stream from, Action<byte[]> to)
    {
        byte[] block = new byte[4096];
        for (int n; (n = await from.ReadAsync(block).ConfigureAwait(false)) > 0;)
        {
            to(block[..n]);
        }
    }
}
