using System.Text.Json.Nodes;

namespace LuoInterop.Litmus.Replay;

/// <summary>Performs the lines of scripts that share a machine, as far as they belong to the kernel that runs.</summary>
/// <param name="scripts">All scripts.</param>
/// <param name="stage">The kernel's number, 1 for the first.</param>
/// <param name="send">Takes what was observed, before the kernel ends.</param>
internal sealed class StageRun(IReadOnlyList<LitmusScript> scripts, int stage, Action<JsonArray> send) : IDisposable
{
    private const int ScriptsPerReport = 200;

    private readonly List<ScriptRun> _held = [];

    /// <summary>Performs them. What scripts hold that go on in the next kernel stays open.</summary>
    /// <returns>The kexec that is to be performed; null where no script goes on.</returns>
    public LitmusLine? Run()
    {
        var report = new JsonArray();
        LitmusLine? kexec = null;
        for (int i = 0; i < scripts.Count; i++)
        {
            if (scripts[i].Kernels < stage)
            {
                continue;
            }

            if (report.Count == ScriptsPerReport)
            {
                send(report);
                report.Clear();
            }

            var run = new ScriptRun(scripts[i], i);
            run.SkipTo(stage);
            int first = run.Next;
            if (run.Run(Kernel.Linux) is { } line)
            {
                kexec = line;
                _held.Add(run);
            }

            report.Add((JsonNode)ScriptBundle.Observations(i, first, run.Observations[first..run.Next]));
        }

        send(report);
        return kexec;
    }

    public void Dispose()
    {
        foreach (ScriptRun run in _held)
        {
            run.Dispose();
        }
    }
}
