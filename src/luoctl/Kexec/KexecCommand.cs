using System.CommandLine;
using System.Diagnostics;
using LuoInterop.Cli.CheckNext;
using LuoInterop.Cli.Doctor;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;
using Mono.Unix.Native;

namespace LuoInterop.Cli.Kexec;

/// <summary>Is <c>luoctl kexec</c>: starts the next kernel, unless that would lose what is preserved.</summary>
internal static class KexecCommand
{
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromMilliseconds(250);

    // By which call an image was loaded before does not matter: it is loaded anew.
    private static readonly string[] s_checks = [.. MachineDiagnosis.CheckIds.Where(static id => id != "kexec-load-call")];

    public static Command Create()
    {
        var image = new Argument<string>("image") { Description = "The next kernel: a bzImage on x86-64." };
        var initrd = new Option<string[]>("--initrd")
        {
            Description = "An initial RAM disk; may be given again, in the order in which they are unpacked.", HelpName = "file",
        };
        var line = new Option<string>("--cmdline")
        {
            Description = "Its command line; without this the one of the kernel that runs.", HelpName = "text",
        };
        var config = new Option<string>("--config")
        {
            Description = "Its configuration, where the image has none and none lies beside it.", HelpName = "file",
        };
        var from = new Option<string>("--from")
        {
            Description = "The image of the kernel that runs, where it is not in /boot or /usr/lib/modules: it tells which memory files "
                + "that kernel hands over.",
            HelpName = "image",
        };
        var session = new Option<string[]>("--session")
        {
            Description = "Wait until a process holds this session; may be given again. Without it, until any is held.", HelpName = "name",
        };
        var wait = new Option<double>("--wait")
        {
            Description = "How many seconds to wait for sessions, and for the device to be free.",
            HelpName = "seconds",
            DefaultValueFactory = static _ => 30,
        };
        wait.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and <= 86400))
            {
                result.AddError("--wait takes seconds, from 0 to 86400");
            }
        });
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would be carried and lost; load and start nothing." };
        var yes = new Option<bool>("--yes") { Description = "Jump without asking, where all is known and nothing speaks against it." };
        var force = new Option<bool>(
            "--force") { Description = "Jump despite what speaks against it; with --yes, despite what is unknown." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "kexec",
            "Starts the next kernel at once: refuses while doctor or check-next say no, waits for holders, says what is lost, and asks.")
        {
            image, initrd, line, config, from, session, wait, dry, yes, force, json,
        };
        command.SetAction((arguments, _) => CommandRun.RunAsync(arguments.GetValue(json), async (output, cancellation) =>
        {
            if (arguments.GetValue(initrd)?.FirstOrDefault(static file => !File.Exists(file)) is { } missing)
            {
                throw new CommandFailure($"{missing} does not exist");
            }

            KexecPlan Look() => new(
                MachineDiagnosis.Run(new DiagnosisOptions { Only = s_checks }),
                CheckedKernel.Read(
                    arguments.GetValue(image)!,
                    arguments.GetValue(config),
                    arguments.GetValue(line),
                    running: arguments.GetValue(from)),
                arguments.GetValue(initrd) ?? [],
                arguments.GetValue(session) ?? [],
                LiveUpdateHoldings.Read());
            KexecPlan plan = await Task.Run(Look, cancellation).WaitAsync(cancellation);
            plan = await WaitAsync(plan, TimeSpan.FromSeconds(arguments.GetValue(wait)), cancellation);
            output.Write(text => KexecOutput.WriteText(text, plan), () => KexecOutput.ToJson(plan));
            output.Flush();
            bool isForced = arguments.GetValue(force);
            return await DecideAsync(plan, arguments.GetValue(dry), arguments.GetValue(yes), isForced, cancellation)
                ?? Jump(plan, isForced, cancellation);
        }));
        return command;
    }

    // Only where holders are all that is missing: nothing else goes away by waiting.
    private static async Task<KexecPlan> WaitAsync(KexecPlan plan, TimeSpan limit, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        bool isTold = false;
        while (plan.Awaited.Count > 0 && plan.Refusals.Count == plan.Awaited.Count && Stopwatch.GetElapsedTime(start) < limit)
        {
            if (!isTold)
            {
                CommandOutput.Note($"waiting at most {limit.TotalSeconds:0.#} s: {string.Join("; ", plan.Awaited)}");
                isTold = true;
            }

            await Task.Delay(s_lookInterval, cancellation);
            plan = plan with { Holdings = LiveUpdateHoldings.Read() };
        }

        return plan;
    }

    /// <summary>Gives the exit code where nothing is to be started; null where the kernel is.</summary>
    private static async Task<int?> DecideAsync(KexecPlan plan, bool isDry, bool isAnswered, bool isForced, CancellationToken cancellation)
    {
        if (plan.Refusals.Count > 0 && !isForced)
        {
            CommandOutput.Note("not started; --force does it all the same");
            return ExitCode.No;
        }

        if (isDry)
        {
            return DoctorCommand.CodeOf(plan.Answer);
        }

        if (!isAnswered)
        {
            if (await AskAsync(plan, cancellation))
            {
                return null;
            }

            CommandOutput.Note("not started");
            return ExitCode.No;
        }

        if (plan.Unknown.Count > 0 && !isForced)
        {
            CommandOutput.Note(
                $"not started: --yes does not answer for what is not known ({string.Join("; ", plan.Unknown)}); leave it out to be asked, "
                    + "or add --force");
            return ExitCode.Unknown;
        }

        return null;
    }

    private static async Task<bool> AskAsync(KexecPlan plan, CancellationToken cancellation)
    {
        if (Console.IsInputRedirected)
        {
            throw new CommandFailure("standard input is no terminal, and nobody can be asked", "--yes jumps without asking");
        }

        string version = plan.Next.Image.Release is { Length: > 0 } release ? $"Linux {release}" : plan.Next.Path;
        Console.Error.Write($"luoctl: start {TextOutput.Safe(version)} now? [y/N] ");
        string? answer = await Task.Run(Console.ReadLine, CancellationToken.None).WaitAsync(cancellation);
        return answer?.Trim() is "y" or "Y" or "yes" or "Yes" or "YES";
    }

    /// <summary>Loads and starts the kernel. Returns only where it does not start; then what was loaded is unloaded.</summary>
    private static int Jump(KexecPlan plan, bool isForced, CancellationToken cancellation)
    {
        KexecImage next;
        try
        {
            next = KexecImage.Load(
                Kernel.Linux,
                plan.Next.Path,
                plan.Initrds,
                plan.Next.CommandLine,
                isForced ? KexecLoadOptions.DespitePredictedLoss | KexecLoadOptions.WithoutLiveUpdate : KexecLoadOptions.None);
        }
        catch (ArgumentException error)
        {
            // A predicted loss too.
            throw new CommandFailure(error.Message.TrimEnd('.'), "nothing was loaded", ExitCode.No);
        }

        try
        {
            // Holders may have gone while the kernel was loaded, or somebody thought about the answer.
            var held = LiveUpdateHoldings.Read().Sessions.Select(static session => session.Name).ToHashSet(StringComparer.Ordinal);
            string[] gone = [.. plan.Sessions.Select(static session => session.Key).Where(name => !held.Contains(name))];
            if (gone.Length > 0 && !isForced)
            {
                throw new CommandFailure($"not started: nobody holds '{string.Join("', '", gone)}' any more", null, ExitCode.No);
            }

            cancellation.ThrowIfCancellationRequested();

            // sync(2) always succeeds.
            _ = Syscall.sync();
            next.Reboot(isForced ? KexecRebootOptions.DeviceHeldElsewhere : KexecRebootOptions.None);
        }
        catch when (next.IsReplaced != true)
        {
            // A reboot of tomorrow must not start it unasked.
            KexecImage.Unload(Kernel.Linux);
            throw;
        }

        return ExitCode.Yes;
    }
}
