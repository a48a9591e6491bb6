using System.CommandLine;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Resumes the guests that the kernel before has handed over, and goes on as <c>run</c> does.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        Option<string[]> names = VmOption.Names("A VM to resume; may be given several times.");
        var all = new Option<bool>("--all") { Description = "Resumes all that went through the update." };
        var retry = new Option<bool>("--retry") { Description = "Lets the process that holds the guest's memory try again." };
        var clock = new Option<KvmClockGap>("--clock")
        {
            Description = "Whether the guest's clock advances by the time that it stood still, or hides it.",
            DefaultValueFactory = static _ => KvmClockGap.Advance,
        };
        Option<ConsoleKind> console = VmOption.Console();
        Option<string?> nextKernel = VmOption.NextKernel();
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command("resume", "Resumes guests that the kernel before has handed over.")
        {
            names, all, retry, clock, console, nextKernel, folder,
        };
        command.Validators.Add(result =>
        {
            bool isNamed = result.GetValue(names) is { Length: > 0 };
            if (isNamed == result.GetValue(all) || (result.GetValue(all) && result.GetValue(retry)))
            {
                result.AddError("Name the VMs by --name, or say --all; --retry needs --name.");
            }
        });
        command.SetAction((arguments, _) =>
        {
            RunFolder run = RunFolder.Choose(arguments.GetValue(folder));
            if (arguments.GetValue(retry))
            {
                return VmCommands.AskAllAsync(run, arguments.GetValue(names)!, ControlWord.Retry, "runs");
            }

            return Task.FromResult(Run(new ResumeWords(
                arguments.GetValue(names)!, arguments.GetValue(console), arguments.GetValue(nextKernel), run, arguments.GetValue(clock))));
        });
        return command;
    }

    /// <summary>Resumes what the words say, and holds it until it ends.</summary>
    public static int Run(ResumeWords words) => Messages.Guard(
        () => Run(new HostSettings(words.Folder, words.Console, words.NextKernel), words.Names, words.Clock));

    private static int Run(HostSettings settings, string[] named, KvmClockGap gap) => HostRun.Run(settings, Messages.Say, host =>
    {
        using Roster? roster = named.Length == 0 ? Roster.Open(Kernel.Linux) : null;
        IReadOnlyList<string> names = roster?.HandedOver ?? [.. named.Distinct()];
        if (names.Count == 0)
        {
            throw new ControlException("the kernel before has handed over no list of guests. Resume them by their names: minivmm resume "
                + "--name vm1");
        }

        foreach (string name in names)
        {
            // One that cannot be had does not end this process, which would lose those that it has.
            try
            {
                TryOpen(host, settings, name, names.Count == 1, gap);
            }
            catch (Exception error) when (HostedVm.IsRefusal(error))
            {
                Messages.Say($"{name}: {error.Message} Nothing was taken, and what was handed over stays: minivmm resume --name {name}");
            }
        }

        // Every guest is held by now: the list is not needed again, also where one of them cannot be resumed.
        roster?.Finish();
        if (host.Vms.Count == 0)
        {
            throw new ControlException("there is nothing to resume.");
        }

        // Threads for them only where there are several.
        if (host.Vms is [var only])
        {
            only.ResumeHandedOver(host.Serve);
        }
        else
        {
            Parallel.ForEach(host.Vms, vm => vm.ResumeHandedOver(host.Serve));
        }
    });

    private static void TryOpen(VmHost host, HostSettings settings, string name, bool isSingle, KvmClockGap gap)
    {
        HostedVm vm = HostRun.Add(host, settings, name, isSingle, Messages.Say);
        bool isThere = false;
        try
        {
            isThere = vm.TryOpenHandedOver(gap);
            if (!isThere)
            {
                Messages.Say($"{name}: the kernel before has handed over no such guest, or it is resumed already.");
            }
        }
        finally
        {
            if (!isThere)
            {
                host.Drop(vm);
            }
        }
    }
}
