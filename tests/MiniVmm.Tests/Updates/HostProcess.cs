using System.Collections.Concurrent;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Control;
using MiniVmm.Guests;
using MiniVmm.Handoff;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Store;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Is a process of minivmm on an emulated kernel: its VMs, their sockets, and what it said.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly ConcurrentQueue<string> _said = new();
    private readonly List<HostedVm> _vms = [];
    private readonly List<Task<int>> _runs = [];

    /// <param name="kernel">The kernel, as the program sees it.</param>
    /// <param name="folder">Where sockets are.</param>
    public HostProcess(Kernel kernel, RunFolder folder)
    {
        Kernel = new RefusingKernel(kernel);
        Folder = folder;
    }

    /// <summary>Gets the kernel, whose calls can be refused.</summary>
    public RefusingKernel Kernel { get; }

    /// <summary>Gets where sockets are.</summary>
    public RunFolder Folder { get; }

    /// <summary>Gets what was said to people.</summary>
    public string Said => string.Join('\n', _said);

    /// <summary>Says something to people.</summary>
    public void Say(string text) => _said.Enqueue(text);

    /// <summary>Starts a VM, as <c>minivmm run</c> does.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="output">Takes what it writes; null where its console is at the socket only.</param>
    /// <param name="startOther">Starts the process of a handoff; null for a real one.</param>
    public HostedVm Start(
        string name, Action<ReadOnlyMemory<byte>>? output = null, Func<IReadOnlyList<string>, HandoffProcess>? startOther = null)
    {
        HostedVm vm = Make(Kernel, name, output, startOther);
        vm.Start(console =>
        {
            var machine = new GuestMachine(Kernel, GuestRam.Create(Kernel, 4 << 20), 2, console);
            machine.Boot(new EmulatedPattern().Load(machine.Ram, 2), CpuidMaskKind.Auto);
            return machine;
        });
        return vm;
    }

    /// <summary>Takes the guest that was handed over, as <c>minivmm resume</c> does of one name.</summary>
    public HostedVm Claim(string name, KvmClockGap gap = KvmClockGap.Advance, Action<ReadOnlyMemory<byte>>? output = null)
    {
        HostedVm vm = Make(Kernel, name, output);
        Assert.True(vm.TryOpenHandedOver(gap));
        vm.ResumeHandedOver();
        return vm;
    }

    /// <summary>Runs <c>minivmm resume</c>, and returns when each VM runs or waits, or there is none.</summary>
    /// <returns>The exit code where it has ended; the message is among what was said.</returns>
    public int? Resume(params string[] names)
    {
        var settings = new HostSettings(Kernel, Folder, ConsoleKind.Socket, null);
        Task<int> run = Task.Run(() =>
        {
            try
            {
                return ResumeRun.Run(settings, names, KvmClockGap.Advance, _said.Enqueue);
            }
            catch (Exception error) when (HostedVm.IsRefusal(error))
            {
                _said.Enqueue(error.Message);
                return VmHost.Failure;
            }
        });
        _runs.Add(run);
        while (!run.IsCompleted)
        {
            string[] there = [.. Folder.Names()];
            if (there.Length > 0 && Array.TrueForAll(there, name => Status(name) is { State: "running" or "failed" }))
            {
                return null;
            }

            Thread.Sleep(1);
        }

        return run.Result;
    }

    /// <summary>Asks a VM; null where there is none.</summary>
    public VmStatus? Status(string name)
    {
        try
        {
            using ControlClient? client = ControlClient.TryConnect(Folder, name);
            return client?.StatusAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (ControlException)
        {
            return null;
        }
    }

    /// <summary>Asks a VM for something.</summary>
    public ControlAnswer Ask(string name, ControlRequest request)
    {
        using ControlClient client = ControlClient.Connect(Folder, name);
        return client.AskAsync(request, CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Updates all VMs, as <c>minivmm update</c> does.</summary>
    /// <returns>Why it was refused; does not return where it was not.</returns>
    public string Update(EmulatedHost host, string? image = null, string commandLine = EmulatedHost.CommandLine)
    {
        ControlException error = Assert.ThrowsAny<ControlException>(() => new UpdateCoordinator(Folder, _said.Enqueue)
            .RunAsync(new UpdateOptions { Image = image ?? host.Image, CommandLine = commandLine }, CancellationToken.None)
            .GetAwaiter().GetResult());
        Kernel.ThrowIfGone();
        return error.Message;
    }

    /// <summary>Ends the VMs. Of a process whose kernel is gone only threads and descriptors are freed.</summary>
    public void Dispose()
    {
        foreach (string name in _runs.Exists(static run => !run.IsCompleted) ? Folder.Names() : [])
        {
            try
            {
                Ask(name, new ControlRequest { Request = ControlWord.Stop });
            }
            catch (ControlException)
            {
                // It is ending already.
            }
        }

        Task.WaitAll([.. _runs]);
        foreach (HostedVm vm in _vms)
        {
            try
            {
                vm.Stop("the test has ended");
                vm.Close();
            }
            catch (KernelException) when (Kernel.IsGone)
            {
                // Nobody is there to answer.
            }
        }
    }

    /// <summary>Makes a VM without a guest, in this process or another one of the kernel.</summary>
    public HostedVm Make(
        Kernel kernel,
        string name,
        Action<ReadOnlyMemory<byte>>? output = null,
        Func<IReadOnlyList<string>, HandoffProcess>? startOther = null,
        Func<HostedVm, ControlServer>? server = null,
        GuestStore? store = null)
    {
        // What the threads of a process do that is gone nobody sees.
        Action<ReadOnlyMemory<byte>>? seen = output is null ? null : piece =>
        {
            if (!Kernel.IsGone)
            {
                output(piece);
            }
        };
        var console = new GuestConsole(output is null ? ConsoleKind.Socket : ConsoleKind.Terminal, seen);
        var vm = new HostedVm(
            kernel, Folder, name, console, server ?? (target => new ControlServer(Folder.Listen(name), target)), _said.Enqueue)
        {
            StartOther = startOther ?? HandoffProcess.Start,
            Store = store,
        };
        _vms.Add(vm);
        return vm;
    }

    /// <summary>Leaves a VM to who has closed it.</summary>
    public void Forget(HostedVm vm) => _vms.Remove(vm);
}
