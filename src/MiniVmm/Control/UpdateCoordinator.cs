using System.Diagnostics;

namespace MiniVmm.Control;

/// <summary>Says what an update of all VMs is to be.</summary>
internal sealed record UpdateOptions
{
    /// <summary>Gets the VMs; all that run where none is named.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Gets whether VMs that are not named may be lost with this kernel.</summary>
    public bool LosesOthers { get; init; }

    /// <summary>Gets the next kernel's image; null for the one that is loaded.</summary>
    public string? Image { get; init; }

    /// <summary>Gets its initial RAM disks.</summary>
    public IReadOnlyList<string> Initrds { get; init; } = [];

    /// <summary>Gets its command line; null for that of the kernel that runs.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Gets a command of the shell that is run when all guests stand still; null for none.</summary>
    public string? BeforeJump { get; init; }
}

/// <summary>Takes all VMs of a run folder through a live update together: they are in several processes, and the kernel is one.</summary>
/// <remarks>
/// All are prepared while they run, then the next kernel is loaded, then all are stopped, and the last one jumps. Whatever is refused, all
/// run on. Each VM ends the update by itself where this process goes away.
/// </remarks>
/// <param name="folder">Where the VMs are.</param>
/// <param name="say">Takes what is being done, for people.</param>
internal sealed class UpdateCoordinator(RunFolder folder, Action<string> say)
{
    /// <summary>Updates. Returns only by an exception, or is ended with the kernel.</summary>
    /// <exception cref="ControlException">Something was refused; the guests run on.</exception>
    /// <exception cref="OperationCanceledException">It was ended before the jump; the guests run on.</exception>
    public async Task RunAsync(UpdateOptions options, CancellationToken cancellation)
    {
        List<ControlClient> vms = [];
        try
        {
            vms = await ConnectAsync(options, cancellation).ConfigureAwait(false);
            await RunAsync(vms, options, cancellation).ConfigureAwait(false);
        }
        catch (ControlException error)
        {
            throw new ControlException($"{error.Message} No update was made; {Survivors(vms)}.", error);
        }
        finally
        {
            // Ends the update in each VM that has not heard of the end yet.
            vms.ForEach(static vm => vm.Dispose());
        }
    }

    private static string Survivors(List<ControlClient> vms) => vms.Count switch
    {
        0 => "nothing has changed",
        1 => "the guest runs on",
        _ => "the guests run on",
    };

    private async Task RunAsync(List<ControlClient> vms, UpdateOptions options, CancellationToken cancellation)
    {
        ControlClient last = vms[^1];
        try
        {
            long start = Stopwatch.GetTimestamp();
            string[] roster = [.. vms.Select(static vm => vm.Name)];
            foreach (ControlClient vm in vms)
            {
                await vm.AskAsync(
                    new ControlRequest { Request = ControlWord.Prepare, Roster = vm == last ? roster : null }, cancellation)
                    .ConfigureAwait(false);
            }

            string run = vms.Count == 1 ? "the guest runs" : "the guests run";
            Say(start, $"the memory of {string.Join(", ", roster)} is preserved, and {run}");
            start = Stopwatch.GetTimestamp();
            await last.AskAsync(
                new ControlRequest
                {
                    Request = ControlWord.Load,
                    Image = options.Image,
                    Initrds = [.. options.Initrds],
                    CommandLine = options.CommandLine,
                },
                cancellation).ConfigureAwait(false);
            Say(start, options.Image is { } image ? $"{image} is loaded" : "the kernel that is loaded already is taken");
            start = Stopwatch.GetTimestamp();
            await Task.WhenAll(vms.Select(vm => vm.AskAsync(ControlWord.StopForUpdate, cancellation))).ConfigureAwait(false);
            Say(start, vms.Count == 1 ? "the guest stands still" : "all guests stand still");
            if (options.BeforeJump is { } command)
            {
                await RunCommandAsync(command, cancellation).ConfigureAwait(false);
            }

            cancellation.ThrowIfCancellationRequested();
            await last.AskAsync(ControlWord.Jump, CancellationToken.None).ConfigureAwait(false);
            throw new ControlException($"{last.Name} says that it has started the next kernel, and this one still runs.");
        }
        catch
        {
            await GiveUpAsync(vms).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<List<ControlClient>> ConnectAsync(UpdateOptions options, CancellationToken cancellation)
    {
        List<ControlClient> all = ControlClient.ConnectAll(folder, []);
        try
        {
            List<ControlClient> chosen = [];
            List<string> others = [];
            foreach (ControlClient vm in all)
            {
                VmStatus status = await vm.StatusAsync(cancellation).ConfigureAwait(false);
                if (options.Names.Count > 0 && !options.Names.Contains(vm.Name))
                {
                    if (status.State != "ended")
                    {
                        others.Add(vm.Name);
                    }
                }
                else if (status.State == "running")
                {
                    chosen.Add(vm);
                }
                else if (status.State != "ended")
                {
                    throw new ControlException(Refusal(status));
                }
            }

            if (options.Names.FirstOrDefault(name => chosen.TrueForAll(vm => vm.Name != name)) is { } missing)
            {
                throw new ControlException($"no VM named {missing} runs in {folder.FolderPath}.");
            }

            if (others.Count > 0 && !options.LosesOthers)
            {
                throw new ControlException($"{string.Join(", ", others)} would be lost: the kernel is replaced under all VMs. Leave "
                    + "--name out to update all, or say --lose-others.");
            }

            if (chosen.Count == 0)
            {
                throw new ControlException($"no VM runs in {folder.FolderPath}.");
            }

            foreach (ControlClient vm in all.Except(chosen))
            {
                vm.Dispose();
            }

            return chosen;
        }
        catch
        {
            all.ForEach(static vm => vm.Dispose());
            throw;
        }
    }

    private static string Refusal(VmStatus status) => status.State switch
    {
        "paused" => $"{status.Name} is paused, and a guest shows after an update that it runs. Let it run: minivmm unpause --name "
            + $"{status.Name}",
        "failed" => $"{status.Name} waits to be resumed, and another update would lose its memory. Resume it: minivmm resume --name "
            + $"{status.Name} --retry; or give it up: minivmm stop --name {status.Name}",
        _ => $"{status.Name} is in an update or a handoff. Try again when that has ended.",
    };

    private static async Task GiveUpAsync(List<ControlClient> vms)
    {
        foreach (ControlClient vm in vms)
        {
            try
            {
                await vm.AskAsync(ControlWord.GiveUp, CancellationToken.None).ConfigureAwait(false);
            }
            catch (ControlException)
            {
                // It has ended, or had not begun: closing the connection ends what there is.
            }
        }
    }

    private async Task RunCommandAsync(string command, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { UseShellExecute = false })!;
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new ControlException($"the command before the jump ended with {process.ExitCode}: {command}.");
        }

        Say(start, "the command before the jump has ended");
    }

    private void Say(long start, string text) => say($"{text} ({Stopwatch.GetElapsedTime(start).TotalMilliseconds:N0} ms)");
}
