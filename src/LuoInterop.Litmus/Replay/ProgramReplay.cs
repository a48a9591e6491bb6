using System.Globalization;
using System.Text.Json.Nodes;
using LuoInterop.Emulation;
using LuoInterop.Emulation.Server;
using LuoInterop.Litmus.Language;
using LuoInterop.Litmus.Replay;
using LuoInterop.VmTesting;

namespace LuoInterop.Litmus;

/// <summary>Replays scripts by a process of its own on an emulated machine, whose system calls are trapped: as any program comes to the
/// emulated kernel.</summary>
public sealed class ProgramReplay
{
    /// <summary>Is the word on the command line with which <see cref="RunAsync"/> calls for <see cref="RunStage"/>.</summary>
    public const string Word = "litmus-program";

    private const string ReportStart = "observed-";

    /// <summary>Gets the machine of scripts that do not choose their own.</summary>
    public EmulatedMachineOptions Machine { get; init; } = new();

    /// <summary>Gets the command of the program that is run: with the argument <see cref="Word"/> and what follows it, it must call
    /// <see cref="RunStage"/>.</summary>
    /// <remarks>By default it is the program that runs.</remarks>
    public IReadOnlyList<string> Command { get; init; } = ThisProgram.Command;

    /// <summary>Gets how many scripts share a machine.</summary>
    public int ScriptsPerMachine { get; init; } = 1000;

    /// <summary>Gets who is told how far the replay is, in sentences for people.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>Replays scripts.</summary>
    /// <param name="scripts">The scripts.</param>
    /// <param name="cancellationToken">Ends the program that runs.</param>
    /// <returns>The results, in the order of the scripts.</returns>
    /// <exception cref="LitmusSyntaxException">A script begins in a kernel that cannot be emulated.</exception>
    public Task<IReadOnlyList<LitmusResult>> RunAsync(IReadOnlyList<LitmusScript> scripts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scripts);
        return ScriptBatch.RunAsync(
            scripts,
            ScriptsPerMachine,
            batch => RunBatchAsync(batch, cancellationToken),
            done => Progress?.Invoke($"{done} of {scripts.Count} scripts replayed by a process"));
    }

    /// <summary>Performs the lines of all scripts that belong to the kernel that runs, and starts the next kernel when any script goes
    /// on.</summary>
    /// <param name="words">What follows <see cref="Word"/>.</param>
    /// <returns>0 after the last kernel.</returns>
    public static int RunStage(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        string folder = words[0];
        int stage = int.Parse(words[1], CultureInfo.InvariantCulture);
        IReadOnlyList<LitmusScript> scripts = ScriptBundle.Read(File.ReadAllText(Path.Combine(folder, ScriptBundle.FileName)));
        int reports = 0;
        using var run = new StageRun(
            scripts,
            stage,
            report => File.WriteAllText(Path.Combine(folder, $"{ReportStart}{stage:00000}-{reports++:00000}"), report.ToJsonString()));
        if (run.Run() is not { } kexec)
        {
            return 0;
        }

        string image = Path.Combine(folder, "next");
        EmulatedKernelImage.Write(image, kexec.Operation.Release ?? words[2]);
        string refusal =
            ScriptRun.Kexec(Kernel.Linux, kexec, image, null, kexec.Operation.CommandLine ?? EmulatedReplay.CommandLine);
        throw new InvalidOperationException($"The kexec was refused: {refusal}.");
    }

    private async Task<LitmusResult[]> RunBatchAsync(LitmusScript[] scripts, CancellationToken cancellationToken)
    {
        LitmusOperation? boot = scripts is [{ Lines: [{ Operation: { IsBoot: true } described }, ..] }] ? described : null;
        EmulatedMachineOptions options = Machine with
        {
            Release = boot?.Release ?? Machine.Release,
            CommandLine = boot?.CommandLine ?? Machine.CommandLine,
        };
        string folder = Directory.CreateTempSubdirectory("luo-litmus-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, ScriptBundle.FileName), ScriptBundle.Write(scripts), cancellationToken);
            await using ProgramMachine machine = Create(scripts, options);
            (string? panic, string output) = await RunStagesAsync(machine, folder, options.Release, cancellationToken);
            string?[][] observations = Array.ConvertAll(scripts, static script => new string?[script.Lines.Count]);
            foreach (string report in Directory.GetFiles(folder, ReportStart + "*").Order(StringComparer.Ordinal))
            {
                ScriptBundle.ReadObservations(await File.ReadAllBytesAsync(report, cancellationToken), observations);
            }

            return ScriptBatch.Collect(
                scripts,
                observations,
                machine.Stage,
                panic is not null,
                panic is null ? $"The program ended early: {output}" : $"the next kernel panicked: {panic}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The panic of the last kernel, where it did not come up, and what the program wrote.
    private async Task<(string? Panic, string Output)> RunStagesAsync(
        ProgramMachine machine, string folder, string release, CancellationToken cancellationToken)
    {
        string output = "";
        try
        {
            for (int stage = 1; ; stage++)
            {
                ProgramEnd end = await machine.RunAsync(
                    new ProgramStart(
                        [.. Command, Word, folder, stage.ToString(CultureInfo.InvariantCulture), release]) { KeepOutput = true },
                    cancellationToken);
                output += end.Output + end.Error;
                if (end.Kind != ProgramEndKind.Kexec)
                {
                    return (null, output);
                }
            }
        }
        catch (EmulatedKernelPanicException panic)
        {
            return (panic.Message, output);
        }
        catch (ProgramMachineException difference)
        {
            return (null, output + difference.Message);
        }
    }

    // Every call is trapped: the scripts look at links, status and files of the kernel.
    private static ProgramMachine Create(LitmusScript[] scripts, EmulatedMachineOptions options)
    {
        try
        {
            return new ProgramMachine(new ProgramMachineOptions { Machine = options, TrapsEverything = true });
        }
        catch (ArgumentException refused) when (scripts is [{ Lines: [{ Operation.IsBoot: true } boot, ..] } script])
        {
            throw new LitmusSyntaxException(script.Name, boot.Number, refused.Message);
        }
    }
}
