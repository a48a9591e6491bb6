using LuoInterop.Shared;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Says on standard error what people are to know, and turns what was refused into an exit code.</summary>
internal static class Messages
{
    private const string LacksMemory = "this machine lacks memory, or may not commit as much (vm.overcommit_memory).";

    /// <summary>Says a sentence, where there is anybody to hear it.</summary>
    public static void Say(string text)
    {
        try
        {
            Console.Error.WriteLine($"minivmm: {text}");
        }
        catch (IOException)
        {
            // The disk of the log is full, or the terminal has gone. The guests go on all the same.
        }
    }

    /// <summary>Does a command, which SIGINT and SIGTERM cancel.</summary>
    /// <returns>The exit code: 1 where something was refused, 128 and its number for a signal.</returns>
    public static async Task<int> GuardAsync(Func<CancellationToken, Task<int>> command)
    {
        using var interruption = new Interruption();
        try
        {
            return await command(interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            Say("ended by a signal.");
            return interruption.ExitCode;
        }
        catch (Exception error) when (HostedVm.IsRefusal(error))
        {
            Say(error.Message);
            return VmHost.Failure;
        }
        catch (OutOfMemoryException)
        {
            Say(LacksMemory);
            return VmHost.Failure;
        }
    }

    /// <summary>Does a command that takes signals itself.</summary>
    /// <returns>The exit code: 1 where something was refused.</returns>
    public static int Guard(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (Exception error) when (HostedVm.IsRefusal(error))
        {
            Say(error.Message);
            return VmHost.Failure;
        }
        catch (OutOfMemoryException)
        {
            Say(LacksMemory);
            return VmHost.Failure;
        }
    }
}
