using System.Net.Sockets;
using MiniVmm.Store;

namespace MiniVmm.Control;

/// <summary>Is a process that has VMs, from the first to the last: <c>run</c>, <c>resume</c> and <c>take-over</c> begin it in their ways.
/// </summary>
internal static class HostRun
{
    /// <summary>Makes VMs, and holds them until all have left.</summary>
    /// <param name="settings">How they are held.</param>
    /// <param name="say">Takes what people are to know.</param>
    /// <param name="begin">Adds VMs to the host, and starts them; signals are taken when it returns, or before where it says so.</param>
    /// <returns>The process's exit code.</returns>
    public static int Run(HostSettings settings, Action<string> say, Action<VmHost> begin)
    {
        using var host = new VmHost(say, () => UpdateAsync(settings, say));
        begin(host);
        host.Serve();
        using ConsoleSession? console = ConsoleSession.Start(host, settings.Console);
        return host.Wait();
    }

    /// <summary>Makes a VM without a guest, with its socket, and adds it.</summary>
    /// <param name="host">Holds it.</param>
    /// <param name="settings">How it is held.</param>
    /// <param name="name">Its name.</param>
    /// <param name="isSingle">Whether no other VM has the terminal.</param>
    /// <param name="say">Takes what people are to know.</param>
    /// <param name="resumes">Whether its guest was handed over by the kernel before.</param>
    /// <param name="listener">A socket that is listened to already; null to make one.</param>
    /// <param name="store">Where its guest is kept while this program is down; null where it ends with it.</param>
    public static HostedVm Add(
        VmHost host, HostSettings settings, string name, bool isSingle, Action<string> say, bool resumes = false,
        SafeSocketHandle? listener = null, GuestStore? store = null)
    {
        var vm = new HostedVm(
            settings.Kernel,
            settings.Folder,
            name,
            new GuestConsole(settings.Console, ConsoleSession.Output(settings.Console, name, isSingle)),
            target => new ControlServer(listener ?? settings.Folder.Listen(name), target),
            say,
            resumes)
        {
            Store = store,
        };
        host.Add(vm);
        return vm;
    }

    /// <summary>Updates all VMs of the folder into the kernel of the settings: what SIGUSR1 does. A refusal is said.</summary>
    public static async Task UpdateAsync(HostSettings settings, Action<string> say)
    {
        try
        {
            await new UpdateCoordinator(settings.Folder, say)
                .RunAsync(new UpdateOptions { Image = settings.NextKernel }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (HostedVm.IsRefusal(error))
        {
            say(error.Message);
        }
    }
}
