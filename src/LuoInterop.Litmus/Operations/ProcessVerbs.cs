using LuoInterop.Litmus.Language;

namespace LuoInterop.Litmus.Operations;

/// <summary>Ends the process, and the kernel.</summary>
internal static class ProcessVerbs
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "boot",
            "boot [release=WORD] [cmdline=\"words\"]",
            "Says in which kernel the script begins, as its first line: one of this release (emulated kernels only), with this "
            + "command line, which is printable ASCII in a VM. "
            + "`release=7.3.4-rfc-hugetlb` has what Linux does not have yet ([previews](handlers.md)).",
            static arguments => new(static (_, _) => "0", IsAlone: true)
            {
                IsBoot = true,
                CommandLine = arguments.OptionalText("cmdline"),
                Release = arguments.OptionalWord("release"),
            }),
        new(
            "exit",
            "exit",
            "Ends the process: its mappings and descriptors go, and what follows is done by another one.",
            static _ => new(static (process, _) =>
            {
                process.Exit();
                return "0";
            })),
        new(
            "kexec",
            "kexec [cmdline=\"words\"] [release=WORD] [raw]",
            "Loads the next kernel and starts it; what follows is done by a process of that kernel, which has no descriptor. "
            + "Observed are 0, the refusal's errno, or `panic`. "
            + "With `cmdline` the next kernel has that command line, with `release` it is another one (emulated kernels only); "
            + "`raw` goes past the library, which otherwise removes an empty block of sessions that would panic the next kernel.",
            static arguments =>
            {
                string? commandLine = arguments.OptionalText("cmdline");
                string? release = arguments.OptionalWord("release");
                bool raw = arguments.Switch("raw");
                return new(
                    static (_, _) => throw new InvalidOperationException("The one who replays the script performs a kexec."),
                    IsKexec: true,
                    IsAlone: commandLine is not null || release is not null || raw)
                {
                    CommandLine = commandLine,
                    Release = release,
                    IsRaw = raw,
                };
            }),
    ];
}
