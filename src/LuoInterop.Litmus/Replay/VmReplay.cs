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
            if (ScriptBatch.BootLine(script)?.AsSpan().ContainsAnyExceptInRange(' ', '~') == true)
            {
                throw new LitmusSyntaxException(
                    script.Name, script.Lines[0].Number, "a VM is booted with a command line of printable ASCII; kexec takes any.");
            }

            if (script.EmulatedOnly is { } other)
            {
                throw new LitmusSyntaxException(script.Name, other.Number, "a VM has one kernel: release= is for the emulated kernel.");
            }
        }

        return await ScriptBatch.RunAsync(
            scripts,
            ScriptsPerVm,
            batch => RunBatchAsync(batch, cancellationToken),
            done => Progress?.Invoke($"{done} of {scripts.Count} scripts replayed in a VM"));
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
                    LiveUpdate = scripts is not [{ } alone] || ScriptBatch.BootLine(alone) is null,
                    KernelCommandLine =
                        scripts is [{ } one] && ScriptBatch.BootLine(one) is { } line ? [GuestReplay.LineFollows, line] : [],
                },
                cancellationToken);
            return Collect(scripts, run);
        }
        finally
        {
            File.Delete(bundle);
        }
    }

    private static LitmusResult[] Collect(LitmusScript[] scripts, VmResult run)
    {
        string?[][] observations = Array.ConvertAll(scripts, static script => new string?[script.Lines.Count]);
        foreach (GuestFile file in run.Files.Where(static file => file.Name == ScriptBundle.FileName))
        {
            ScriptBundle.ReadObservations(file.Content.Span, observations);
        }

        return ScriptBatch.Collect(
            scripts,
            observations,
            run.Kernels.Count,
            run.Loss?.Reason == VmLostReason.KernelPanic,
            run.Loss?.Message ?? string.Join(' ', run.Failures.Append("The VM ended early.")));
    }
}
