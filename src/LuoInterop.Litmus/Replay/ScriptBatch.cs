namespace LuoInterop.Litmus.Replay;

/// <summary>Puts scripts together that can share a machine, and results back into their order.</summary>
internal static class ScriptBatch
{
    /// <summary>Replays scripts: those that need a machine of their own alone, the others together.</summary>
    /// <param name="scripts">The scripts.</param>
    /// <param name="most">The most that share a machine.</param>
    /// <param name="replay">Replays one batch.</param>
    /// <param name="done">Is told how many are done.</param>
    /// <returns>The results, in the order of the scripts.</returns>
    public static async Task<IReadOnlyList<LitmusResult>> RunAsync(
        IReadOnlyList<LitmusScript> scripts, int most, Func<LitmusScript[], Task<LitmusResult[]>> replay, Action<int>? done)
    {
        var results = new LitmusResult[scripts.Count];
        int finished = 0;
        foreach (int[] batch in Batches(scripts, most))
        {
            LitmusResult[] batchResults = await replay([.. batch.Select(i => scripts[i])]);
            for (int i = 0; i < batch.Length; i++)
            {
                results[batch[i]] = batchResults[i];
            }

            finished += batch.Length;
            done?.Invoke(finished);
        }

        return results;
    }

    /// <summary>Gets the words of a script that chooses its first kernel's, and is alone; null for no such line.</summary>
    public static string? BootLine(LitmusScript script) =>
        script.Lines is [{ Operation: { IsBoot: true, CommandLine: { Length: > 0 } line } }, ..] ? line : null;

    /// <summary>Makes the results of scripts that shared a machine.</summary>
    /// <param name="scripts">The scripts.</param>
    /// <param name="observations">What was observed of their lines.</param>
    /// <param name="kernels">How many kernels came up.</param>
    /// <param name="panicked">Whether the last one panicked.</param>
    /// <param name="end">Why there is no more, where observations are missing.</param>
    public static LitmusResult[] Collect(LitmusScript[] scripts, string?[][] observations, int kernels, bool panicked, string end)
    {
        var results = new LitmusResult[scripts.Length];
        for (int i = 0; i < scripts.Length; i++)
        {
            int kernel = 1;
            for (int line = 0; line < scripts[i].Lines.Count; line++)
            {
                // A kexec succeeded when the next kernel announced itself; a script's machine of its own shows its panic.
                if (scripts[i].Lines[line].IsKexec && (line == 0 || observations[i][line - 1] is not null))
                {
                    kernel++;
                    observations[i][line] = kernels >= kernel ? "0"
                        : panicked && scripts[i].IsAlone ? ScriptRun.Panic
                        : null;
                }
            }

            results[i] = new LitmusResult(scripts[i], observations[i], observations[i].Contains(null) ? end : null);
        }

        return results;
    }

    // A script that needs its own machine is a batch of its own.
    private static IEnumerable<int[]> Batches(IReadOnlyList<LitmusScript> scripts, int most)
    {
        foreach (int[] batch in Enumerable.Range(0, scripts.Count).Where(i => !scripts[i].IsAlone).Chunk(most))
        {
            yield return batch;
        }

        for (int i = 0; i < scripts.Count; i++)
        {
            if (scripts[i].IsAlone)
            {
                yield return [i];
            }
        }
    }
}
