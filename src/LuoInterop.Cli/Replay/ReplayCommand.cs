using System.CommandLine;
using LuoInterop.Emulation;
using LuoInterop.Litmus;
using LuoInterop.VmTesting;

namespace LuoInterop.Cli.Replay;

/// <summary>Is <c>luoctl replay</c>: runs litmus scripts on a kernel, and prints or compares what is observed.</summary>
internal static class ReplayCommand
{
    private const int Differs = 1;
    private const int Interrupted = 130;

    /// <summary>Is the exit code of words or scripts that cannot be understood, and of a kernel that cannot be had.</summary>
    public const int CannotRun = 2;

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Scripts (*.luo), or folders of them.", Arity = ArgumentArity.OneOrMore };
        var kernel = new Option<string>("--kernel") { Description = "Where: 'emulated' (any host), 'vm' (Linux 7.3 in QEMU) or 'host' (this machine's own kernel; no kexec).", DefaultValueFactory = static _ => "emulated" };
        kernel.AcceptOnlyFromAmong("emulated", "vm", "host");
        var expect = new Option<bool>("--expect") { Description = "Compare with what the scripts expect ('=> ...'), print only what differs, and exit with 1 if anything does." };
        var json = new Option<bool>("--json") { Description = "Print one JSON document instead of text." };
        var command = new Command("replay", "Runs litmus scripts on a kernel and prints what is observed of each line; the output is a script that expects just that.")
        {
            files, kernel, expect, json,
        };
        command.SetAction((arguments, cancellation) => RunAsync(
            arguments.GetValue(files)!,
            arguments.GetValue(kernel)!,
            new ReplayOutput(Console.Out, arguments.GetValue(expect), arguments.GetValue(json)),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] files, string kernel, ReplayOutput output, CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<LitmusScript> scripts = [.. files.SelectMany(Find).Select(static path => LitmusScript.Parse(path, File.ReadAllText(path)))];
            IReadOnlyList<LitmusResult> results = kernel switch
            {
                "vm" => await InVmAsync(scripts, cancellation),
                "host" => [.. scripts.Select(HostReplay.Run)],
                _ => Emulated(scripts, cancellation),
            };
            return output.Write(results) ? 0 : Differs;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("luoctl: interrupted; nothing is left running.");
            return Interrupted;
        }
        catch (LitmusSyntaxException error)
        {
            Console.Error.WriteLine(error.Message);
            return CannotRun;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException or VmSetupException)
        {
            Console.Error.WriteLine($"luoctl: {error.Message}");
            return CannotRun;
        }
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
            Kernel = await KernelBuild.GetAsync(progress: Console.Error.WriteLine, cancellationToken: cancellation),
            Payload = Path.Combine(AppContext.BaseDirectory, "luoctl.dll"),
            Progress = Console.Error.WriteLine,
        };
        return await replay.RunAsync(scripts, cancellation);
    }

    private static IEnumerable<string> Find(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        string[] found = [.. Directory.EnumerateFiles(path, "*.luo", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new FileNotFoundException($"{path} holds no script (*.luo).");
    }
}
