using LuoInterop.Litmus.Replay;
using LuoInterop.VmTesting;

namespace LuoInterop.Litmus;

/// <summary>Replays scripts on a real kernel in a VM: all that can share one do, kernel after kernel.</summary>
public sealed class VmReplay
{
    /// <summary>Gets the kernel.</summary>
    public required KernelBuild Kernel { get; init; }

    /// <summary>Gets the command of the program that the VM runs: with the argument <see cref="GuestReplay.Word"/> it must call
    /// <see cref="GuestReplay.Run"/>.</summary>
    /// <remarks>By default it is the program that runs.</remarks>
    public IReadOnlyList<string> Command { get; init; } = ThisProgram.Command;

    /// <summary>Gets the VM's memory in MiB. What all scripts preserve must fit.</summary>
    public int MemoryMiB { get; init; } = 6144;

    /// <summary>Gets how many scripts share a VM.</summary>
    public int ScriptsPerVm { get; init; } = 1000;

    /// <summary>Gets who is told how far the replay is, in sentences for people.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>Replays scripts.</summary>
    /// <param name="scripts">The scripts.</param>
    /// <param name="cancellationToken">Ends the VM that runs.</param>
    /// <returns>The results, in the order of the scripts.</returns>
    /// <exception cref="LitmusSyntaxException">A script wants another kernel's release,
    /// or to boot with what QEMU does not pass on.</exception>
    public async Task<IReadOnlyList<LitmusResult>> RunAsync(
        IReadOnlyList<LitmusScript> scripts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scripts);
        foreach (LitmusScript script in scripts)
        {
            if (BootLine(script)?.AsSpan().ContainsAnyExceptInRange(' ', '~') == true)
            {
                throw new LitmusSyntaxException(
                    script.Name, script.Lines[0].Number, "a VM is booted with a command line of printable ASCII; kexec takes any.");
            }

            if (script.EmulatedOnly is { } other)
            {
                throw new LitmusSyntaxException(script.Name, other.Number, "a VM has one kernel: release= is for the emulated kernel.");
            }
        }

        var results = new LitmusResult[scripts.Count];
        int done = 0;
        foreach (int[] batch in Batches(scripts))
        {
            LitmusResult[] batchResults = await RunBatchAsync([.. batch.Select(i => scripts[i])], cancellationToken);
            for (int i = 0; i < batch.Length; i++)
            {
                results[batch[i]] = batchResults[i];
            }

            done += batch.Length;
            Progress?.Invoke($"{done} of {scripts.Count} scripts replayed in a VM");
        }

        return results;
    }

    // A script that needs its own machine is a batch of its own.
    private IEnumerable<int[]> Batches(IReadOnlyList<LitmusScript> scripts)
    {
        foreach (int[] batch in Enumerable.Range(0, scripts.Count).Where(i => !scripts[i].IsAlone).Chunk(ScriptsPerVm))
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

    private async Task<LitmusResult[]> RunBatchAsync(LitmusScript[] scripts, CancellationToken cancellationToken)
    {
        string bundle = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(bundle, ScriptBundle.Write(scripts), cancellationToken);
            VmResult run = await VirtualMachine.RunAsync(
                new VmOptions
                {
                    Kernel = Kernel,
                    Command = [.. Command, GuestReplay.Word],
                    Files = new Dictionary<string, string> { [ScriptBundle.FileName] = bundle },
                    ExpectedKernels = scripts.Max(static script => script.Kernels),
                    MemoryMiB = MemoryMiB,
                    LiveUpdate = scripts is not [{ } alone] || BootLine(alone) is null,
                    KernelCommandLine = scripts is [{ } one] && BootLine(one) is { } line ? [GuestReplay.LineFollows, line] : [],
                },
                cancellationToken);
            return Collect(scripts, run);
        }
        finally
        {
            File.Delete(bundle);
        }
    }

    // The words of a script that chooses its first kernel's; such a script has a VM of its own.
    private static string? BootLine(LitmusScript script) =>
        script.Lines is [{ Operation: { IsBoot: true, CommandLine: { Length: > 0 } line } }, ..] ? line : null;

    private static LitmusResult[] Collect(LitmusScript[] scripts, VmResult run)
    {
        string?[][] observations = Array.ConvertAll(scripts, static script => new string?[script.Lines.Count]);
        foreach (GuestFile file in run.Files.Where(static file => file.Name == ScriptBundle.FileName))
        {
            ScriptBundle.ReadObservations(file.Content.Span, observations);
        }

        bool panicked = run.Loss?.Reason == VmLostReason.KernelPanic;
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
                    observations[i][line] = run.Kernels.Count >= kernel ? "0"
                        : panicked && scripts[i].IsAlone ? ScriptRun.Panic
                        : null;
                }
            }

            bool complete = !observations[i].Contains(null);
            results[i] = new LitmusResult(
                scripts[i],
                observations[i],
                complete ? null : run.Loss?.Message ?? string.Join(' ', run.Failures.Append("The VM ended early.")));
        }

        return results;
    }
}
