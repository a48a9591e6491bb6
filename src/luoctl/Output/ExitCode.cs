namespace LuoInterop.Cli.Output;

/// <summary>Names what every command ends with; scripts read these numbers, so they never change.</summary>
internal static class ExitCode
{
    /// <summary>The answer is yes: done, ready, all is carried.</summary>
    public const int Yes = 0;

    /// <summary>The answer is no: not ready, something differs or would be lost.</summary>
    public const int No = 1;

    /// <summary>The words are wrong, or the command could not do its work.</summary>
    public const int CannotRun = 2;

    /// <summary>The command looked, and cannot know.</summary>
    public const int Unknown = 3;

    /// <summary>The reader of standard output went away: what a shell shows of a program that SIGPIPE ended.</summary>
    public const int ClosedPipe = 128 + 13;
}
