using Tmds.Linux;

namespace MiniVmm.Control;

/// <summary>Has signals ignored that would end this process, until somebody takes them.</summary>
/// <remarks>A process that has claimed a guest's memory loses it when it ends. .NET's way to take signals begins with a thread and a pipe,
/// for which a guest that is resumed would wait; this is one call each.</remarks>
internal static unsafe class HeldSignals
{
    private static readonly int[] s_signals = [LibC.SIGINT, LibC.SIGTERM, LibC.SIGHUP, LibC.SIGUSR1];

    private static readonly List<int> s_held = [];

    /// <summary>Ignores the signals that would end this process now.</summary>
    public static void Hold()
    {
        foreach (int signal in s_signals)
        {
            // SAFETY: the structure is on this stack, and sigaction(2) keeps no pointer to it.
            sigaction old = default;
            if (LibC.sigaction(signal, null, &old) == 0 && old.sa_handler == LibC.SIG_DFL)
            {
                Set(signal, LibC.SIG_IGN);
                s_held.Add(signal);
            }
        }
    }

    /// <summary>Gives the signals that are held their first effect again. It is for who takes them with the next call.</summary>
    public static void Release()
    {
        s_held.ForEach(static signal => Set(signal, LibC.SIG_DFL));
        s_held.Clear();
    }

    private static void Set(int signal, void* action)
    {
        // SAFETY: as above, and neither action is a function of this program.
        sigaction next = default;
        next.sa_handler = action;
        if (LibC.sigaction(signal, &next, null) != 0)
        {
            throw new InvalidOperationException($"sigaction({signal}) was refused.");
        }
    }
}
