namespace LuoInterop.VmTesting;

/// <summary>Is the program that runs, as a payload that a VM can run again.</summary>
public static class ThisProgram
{
    private const string Muxer = "dotnet";

    /// <summary>Gives the command that starts this program anew, for <see cref="VmOptions.Command"/>;
    /// its arguments are the caller's to add.</summary>
    /// <remarks>
    /// A program that was started by <c>dotnet</c> gives <c>dotnet</c> and the path of its assembly; a native program, a single file,
    /// or one with a launcher of its own gives its executable. The guest shares the host's root, so that the executable finds its
    /// shared libraries there. Inside a test runner this is the runner. Thread-safe.
    /// </remarks>
    /// <exception cref="InvalidOperationException">/proc is not mounted, so that the executable is not known.</exception>
    public static IReadOnlyList<string> Command =>
        Of(
            Environment.ProcessPath ?? throw new InvalidOperationException("The path of this process' executable is not known."),
            Environment.GetCommandLineArgs());

    /// <summary>Gives the command of a process; <paramref name="words"/> begin with the path of the assembly that runs.</summary>
    internal static IReadOnlyList<string> Of(string executable, IReadOnlyList<string> words) =>
        Path.GetFileName(executable) == Muxer ? [Muxer, Path.GetFullPath(words[0])] : [executable];
}
