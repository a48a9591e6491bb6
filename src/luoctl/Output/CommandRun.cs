using System.Text;

namespace LuoInterop.Cli.Output;

/// <summary>Runs a command: what it answers and how it ends are the same for all.</summary>
internal static class CommandRun
{
    private const int Buffer = 1 << 14;

    /// <summary>Runs a command that is done in a moment; a signal ends it as any program.</summary>
    /// <param name="json">Whether the user wants JSON.</param>
    /// <param name="command">The command; it gives the exit code.</param>
    public static int Run(bool json, Func<CommandOutput, int> command)
    {
        try
        {
            CommandOutput output = Open(json);
            int code = command(output);
            output.Flush();
            return code;
        }
        catch (Exception error) when (CodeOf(error) is not null)
        {
            return End(error);
        }
    }

    /// <summary>Runs a command that takes its time, and cleans up when a signal asks it to end.</summary>
    /// <param name="json">Whether the user wants JSON.</param>
    /// <param name="command">The command; it gives the exit code.</param>
    public static async Task<int> RunAsync(bool json, Func<CommandOutput, CancellationToken, Task<int>> command)
    {
        using var interruption = new Interruption();
        try
        {
            CommandOutput output = Open(json);
            int code = await command(output, interruption.Token);
            output.Flush();
            return code;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            CommandOutput.Note("interrupted; nothing is left running");
            return interruption.ExitCode;
        }
        catch (Exception error) when (CodeOf(error) is not null)
        {
            return End(error);
        }
    }

    private static CommandOutput Open(bool json) => new(
        new StreamWriter(new StandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Buffer),
        json,
        TextOutput.WantsColour());

    private static int End(Exception error)
    {
        if (error is not ClosedPipeException)
        {
            CommandOutput.Note(error.Message.TrimEnd('.'));
        }

        return CodeOf(error)!.Value;
    }

    // Anything else is a fault of this program, and says so by its trace.
    private static int? CodeOf(Exception error) => error switch
    {
        CommandFailure failure => failure.Code,
        ClosedPipeException => ExitCode.ClosedPipe,
        IOException or UnauthorizedAccessException or InvalidDataException or KernelException => ExitCode.CannotRun,
        _ => null,
    };
}
