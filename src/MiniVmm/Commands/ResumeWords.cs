using LuoInterop.Kvm;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Is what <c>minivmm resume</c> was told.</summary>
/// <param name="Names">The VMs; none for all that were handed over.</param>
/// <param name="Console">Where their consoles are.</param>
/// <param name="NextKernel">What SIGUSR1 loads; null for what is loaded.</param>
/// <param name="Folder">Where their sockets are.</param>
/// <param name="Clock">What their clocks do about the time that they stood still.</param>
internal sealed record ResumeWords(string[] Names, ConsoleKind Console, string? NextKernel, RunFolder Folder, KvmClockGap Clock)
{
    /// <summary>Reads the words that what starts a system says: <c>resume --all</c> or <c>resume --name NAME...</c>, and a
    /// <c>--console</c>.</summary>
    /// <returns>Null for all other words: they are the parser's, and so is what is wrong with them.</returns>
    /// <remarks>The parser and what describes the commands to it are code that runs once, and guests wait for it.</remarks>
    public static ResumeWords? TryRead(string[] words)
    {
        if (words is not ["resume", ..])
        {
            return null;
        }

        List<string> names = [];
        bool all = false;
        ConsoleKind? console = null;
        for (int i = 1; i < words.Length; i++)
        {
            string? value = i + 1 < words.Length && !words[i + 1].StartsWith('-') ? words[i + 1] : null;
            switch (words[i])
            {
                case "--all" when !all:
                    all = true;
                    continue;
                case "--name" when value is not null:
                    names.Add(value);
                    break;
                case "--console" when console is null && KindOf(value) is { } kind:
                    console = kind;
                    break;
                default:
                    return null;
            }

            i++;
        }

        return all == (names.Count > 0)
            ? null
            : new ResumeWords(
                [.. names], console ?? ConsoleKind.Terminal, null, RunFolder.Choose(null), KvmClockGap.Advance);
    }

    private static ConsoleKind? KindOf(string? word) => word switch
    {
        "terminal" => ConsoleKind.Terminal,
        "socket" => ConsoleKind.Socket,
        "none" => ConsoleKind.None,
        _ => null,
    };
}
