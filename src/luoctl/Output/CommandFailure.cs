namespace LuoInterop.Cli.Output;

/// <summary>Ends a command: it becomes the line <c>luoctl: what; what to do</c> on standard error, and an exit code.</summary>
/// <param name="what">What is wrong, without a full stop.</param>
/// <param name="whatToDo">What to do, without a full stop; null where nothing can be advised.</param>
/// <param name="exitCode">The exit code.</param>
internal sealed class CommandFailure(string what, string? whatToDo = null, int exitCode = ExitCode.CannotRun)
    : Exception(whatToDo is null ? what : $"{what}; {whatToDo}")
{
    public int Code => exitCode;
}
