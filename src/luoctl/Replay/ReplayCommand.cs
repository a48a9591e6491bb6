using System.CommandLine;
using LuoInterop.Cli.Output;
using LuoInterop.Litmus;
using LuoInterop.VmTesting;

namespace LuoInterop.Cli.Replay;

/// <summary>Is <c>luoctl replay</c>: runs litmus scripts on a kernel, and prints or compares what is observed.</summary>
internal static class ReplayCommand
{
    // How long what runs gets to clean up after a signal, before it is left where it is.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var files = new Argument<string[]>(
            "FILE") { Description = "Scripts (*.luo), folders of them, or '-' for standard input.", Arity = ArgumentArity.OneOrMore };
        var kernel = new Option<string>("--kernel") { Description = "Where: 'emulated' (any host), 'emulated-process' (there too, by a "
            + "process of its own whose calls are trapped), 'vm' (Linux 7.3 in QEMU) or 'host' (this machine's own kernel; no kexec).",
            DefaultValueFactory = static _ => "emulated" };
        kernel.AcceptOnlyFromAmong("emulated", "emulated-process", "vm", "host");
        var expect = new Option<bool>("--expect") { Description = "Compare with what the scripts expect ('=> ...'), print only what "
            + "differs, and exit with 1 if anything does." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "replay",
            "Runs litmus scripts on a kernel and prints what is observed of each line; the output is a script that expects just that.")
        {
            files, kernel, expect, json,
        };
        command.SetAction((arguments, _) => CommandRun.RunAsync(arguments.GetValue(json), (output, cancellation) => RunAsync(
            arguments.GetValue(files)!, arguments.GetValue(kernel)!, new ReplayOutput(output, arguments.GetValue(expect)), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(string[] files, string kernel, ReplayOutput output, CancellationToken cancellation)
    {
        try
        {
            // A pipe without a writer, or a file system without an answer, is waited for elsewhere: nothing there needs cleaning up.
            IReadOnlyList<LitmusScript> scripts =
                await Task.Run(() => ScriptFiles.Read(files, cancellation), cancellation).WaitAsync(cancellation);
            Task<IReadOnlyList<LitmusResult>> replay = kernel switch
            {
                "vm" => InVmAsync(scripts, cancellation),
                "emulated-process" => new ProgramReplay { Progress = Console.Error.WriteLine }.RunAsync(scripts, cancellation),
                "host" => Task.Run<IReadOnlyList<LitmusResult>>(() => OnHost(scripts, cancellation), cancellation),
                _ => Task.Run<IReadOnlyList<LitmusResult>>(() => Emulated(scripts, cancellation), cancellation),
            };
            return output.Write(await EndAsync(replay, cancellation)) ? ExitCode.Yes : ExitCode.No;
        }
        catch (LitmusSyntaxException error)
        {
            // Begins with file and line, as compilers' messages do.
            Console.Error.WriteLine(error.Message);
            return ExitCode.CannotRun;
        }
        catch (VmSetupException error)
        {
            throw new CommandFailure(error.Message.TrimEnd('.'));
        }
    }

    /// <summary>Waits for a replay; after a signal only as long as cleaning up may take.</summary>
    private static async Task<IReadOnlyList<LitmusResult>> EndAsync(
        Task<IReadOnlyList<LitmusResult>> replay, CancellationToken cancellation)
    {
        Task interrupted = Task.Delay(Timeout.Infinite, cancellation);
        if (await Task.WhenAny(replay, interrupted) == interrupted
            && await Task.WhenAny(replay, Task.Delay(Grace, CancellationToken.None)) != replay)
        {
            throw new OperationCanceledException(cancellation);
        }

        return await replay;
    }

    private static List<LitmusResult> OnHost(IReadOnlyList<LitmusScript> scripts, CancellationToken cancellation)
    {
        var results = new List<LitmusResult>();
        foreach (LitmusScript script in scripts)
        {
            cancellation.ThrowIfCancellationRequested();
            results.Add(HostReplay.Run(script));
        }

        return results;
    }

    private static List<LitmusResult> Emulated(IReadOnlyList<LitmusScript> scripts, CancellationToken cancellation)
    {
        using var replay = new EmulatedReplay();
        var results = new List<LitmusResult>();
        foreach (LitmusScript script in scripts)
        {
            cancellation.ThrowIfCancellationRequested();
            results.Add(replay.Run(script));
        }

        return results;
    }

    private static async Task<IReadOnlyList<LitmusResult>> InVmAsync(IReadOnlyList<LitmusScript> scripts, CancellationToken cancellation)
    {
        var replay = new VmReplay
        {
            Kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress, cancellationToken: cancellation),
            Progress = Console.Error.WriteLine,
        };
        return await replay.RunAsync(scripts, cancellation);
    }
}
