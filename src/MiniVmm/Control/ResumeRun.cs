using LuoInterop;
using LuoInterop.Kvm;

namespace MiniVmm.Control;

/// <summary>Resumes the guests that the kernel before has handed over.</summary>
internal static class ResumeRun
{
    /// <summary>Resumes guests, and holds them until all have left.</summary>
    /// <param name="settings">How they are held.</param>
    /// <param name="named">Their names; none for all that went through the update.</param>
    /// <param name="gap">What their clocks do about the blackout.</param>
    /// <param name="say">Takes what people are to know.</param>
    /// <returns>The process's exit code.</returns>
    /// <exception cref="ControlException">There is nothing to resume.</exception>
    /// <exception cref="KernelException">There is no live update here.</exception>
    public static int Run(HostSettings settings, string[] named, KvmClockGap gap, Action<string> say) => HostRun.Run(settings, say, host =>
    {
        using Roster? roster = named.Length == 0 ? Roster.Open(settings.Kernel) : null;
        // One name is most common, and what finds two alike would be code that runs for the first time.
        IReadOnlyList<string> names = roster?.HandedOver ?? (named.Length == 1 ? named : [.. named.Distinct()]);
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
                TryOpen(host, settings, name, names.Count == 1, gap, say);
            }
            catch (KernelException error) when (error.Errno is Errno.ENOENT or Errno.EIO)
            {
                // No device, or one that cannot read what it was given: neither changes before the next boot.
                say($"{name}: {error.Message} What the kernel before has handed over cannot be had in this one, and is lost.");
            }
            catch (Exception error) when (HostedVm.IsRefusal(error))
            {
                say($"{name}: {error.Message} Nothing was taken, and what was handed over stays: minivmm resume --name {name}");
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

    private static void TryOpen(
        VmHost host, HostSettings settings, string name, bool isSingle, KvmClockGap gap, Action<string> say)
    {
        HostedVm vm = HostRun.Add(host, settings, name, isSingle, say, resumes: true);
        bool isThere = false;
        try
        {
            isThere = vm.TryOpenHandedOver(gap);
            if (!isThere)
            {
                say($"{name}: the kernel before has handed over no such guest, or it is resumed already, or the process that had taken it "
                    + "has ended, and its memory with it.");
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
