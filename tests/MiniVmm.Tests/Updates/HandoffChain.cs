using System.Globalization;
using LuoInterop;
using LuoInterop.Emulation;
using Microsoft.Win32.SafeHandles;
using MiniVmm.Control;
using MiniVmm.Handoff;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Hands a guest from one emulated process to the next, by the messages and descriptors of minivmm.</summary>
internal sealed class HandoffChain : IDisposable
{
    private const int Duplicate = 0;

    private readonly HostProcess _host;
    private readonly EmulatedProcess _kernel;
    private readonly string _name;
    private readonly Queue<(HostedVm Vm, EmulatedProcess Process)> _owners = new();
    private int _number;
    private Task _taking = Task.CompletedTask;

    public HandoffChain(HostProcess host, Kernel kernel, string name)
    {
        _host = host;
        _kernel = (EmulatedProcess)kernel;
        _name = name;
        _owners.Enqueue((host.Start(name, startOther: StartOther), _kernel));
    }

    /// <summary>Hands the guest to the next process, and ends the one that had it.</summary>
    public ControlAnswer HandOff()
    {
        (HostedVm vm, EmulatedProcess process) = _owners.Peek();
        ControlAnswer answer = vm.Answer(this, new ControlRequest { Request = ControlWord.Handoff, Program = ["other"] });
        _taking.GetAwaiter().GetResult();
        Assert.True(answer.Ok, answer.Error);
        _owners.Dequeue();
        vm.Close();
        _host.Forget(vm);
        _host.Folder.Remove(SocketOf(_number - 1));
        if (process != _kernel)
        {
            process.Exit();
        }

        return answer;
    }

    public void Dispose() => _taking.GetAwaiter().GetResult();

    private string SocketOf(int number) => number == 0 ? _name : string.Create(CultureInfo.InvariantCulture, $"{_name}-{number}");

    private HandoffProcess StartOther(IReadOnlyList<string> program)
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        int inherited;
        using (var end = new SafeFileHandle(theirs.Descriptor, ownsHandle: false))
        {
            inherited = Kernel.Linux.Fcntl(end, Duplicate);
        }

        theirs.Dispose();
        _taking = Task.Factory.StartNew(() => Take(inherited), TaskCreationOptions.LongRunning);
        return new HandoffProcess(Environment.ProcessId, ours, () => _taking.GetAwaiter().GetResult());
    }

    private void Take(int inherited)
    {
        EmulatedProcess process = _kernel.StartProcess();
        var kernel = new RefusingKernel(process);
        using TakenGuest guest = TakenGuest.Receive(kernel, inherited);
        string socket = SocketOf(++_number);

        // Its listener is taken, and not used: in one process .NET's sockets cannot tell two descriptors of one from each other.
        HostedVm vm = _host.Make(kernel, _name, null, StartOther, target =>
        {
            guest.TakeListener();
            return new ControlServer(_host.Folder.Listen(socket), target);
        });
        _owners.Enqueue((vm, process));
        vm.TakeOver(guest);
    }
}
