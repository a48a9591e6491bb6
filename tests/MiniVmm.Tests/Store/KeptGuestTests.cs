using LuoInterop;
using LuoInterop.Emulation;
using LuoInterop.Systemd;
using LuoInterop.Systemd.Tests;
using MiniVmm.Control;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Store;
using MiniVmm.Tests.Updates;
using Xunit;

namespace MiniVmm.Tests.Store;

/// <summary>Starts and stops programs of one emulated kernel, whose guest a service manager keeps.</summary>
public sealed class KeptGuestTests : IDisposable
{
    private const string Name = "vm1";

    private readonly EmulatedHost _host = new();
    private readonly FakeServiceManager _manager = new(4);

    public void Dispose()
    {
        _manager.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Guest_ComesBackAfterEachStop_WithAllOfItsMemory()
    {
        EmulatedProcess kernel = _host.Machine.Boot();
        Assert.Contains("is new; systemd keeps it", Life(kernel, static vm => vm.Stop("it was ended")), StringComparison.Ordinal);
        for (int times = 1; times <= 3; times++)
        {
            Assert.Equal(["vm1.state", "vm1.ram-low"], _manager.Names);
            string said = Life(kernel, vm =>
            {
                Assert.Equal(["vm1.ram-low"], _manager.Names);
                vm.Stop("it was ended");
                Assert.Equal((false, "it was ended; systemd keeps it"), (vm.Left.Result.IsFailure, vm.Left.Result.Reason));
            });
            Assert.Contains($"came back from systemd, {times} so far, its memory whole;", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Guest_OfAProgramThatWasKilled_BeginsAnew_AndNothingOfItIsLeft()
    {
        EmulatedProcess kernel = _host.Machine.Boot();
        Life(kernel, static vm => vm.Stop("it was ended"));

        // Killed: nothing was told to anybody.
        Life(kernel, static _ => { }, isKilled: true);
        Assert.Equal(["vm1.ram-low"], _manager.Names);
        Assert.Contains("is new; systemd keeps it", Life(kernel, static vm => vm.Stop("it was ended")), StringComparison.Ordinal);
        Assert.Equal(["vm1.state", "vm1.ram-low~2"], _manager.Names);
        Assert.Contains("came back from systemd", Life(kernel, static vm => vm.Stop("it was ended")), StringComparison.Ordinal);
    }

    [Fact]
    public void Guest_ThatWasStoppedOnRequest_IsKeptNoLonger()
    {
        EmulatedProcess kernel = _host.Machine.Boot();
        Life(kernel, static vm => Assert.True(vm.Answer(new object(), new ControlRequest { Request = ControlWord.Stop }).Ok));
        Assert.Empty(_manager.Names);
    }

    [Fact]
    public void Guest_WhoseStateIsNotTaken_IsSaidToBeLost()
    {
        EmulatedProcess kernel = _host.Machine.Boot();
        Life(kernel, vm =>
        {
            _manager.Fault = static (_, _) => MessageFault.Drop;
            vm.Stop("it was ended");
            _manager.Fault = static (_, _) => MessageFault.None;
            Assert.True(vm.Left.Result.IsFailure);
            Assert.Contains("and is lost: systemd read the message", vm.Left.Result.Reason, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void StoreThatTakesNothing_StartsNoGuest()
    {
        EmulatedProcess kernel = _host.Machine.Boot();
        _manager.Fault = static (_, text) =>
            text.StartsWith("FDSTORE=", StringComparison.Ordinal) ? MessageFault.Drop : MessageFault.None;
        FileDescriptorStoreException error = Assert.Throws<FileDescriptorStoreException>(() => Life(kernel, static _ => { }));
        Assert.Equal(StoreRefusal.NotKept, error.Refusal);
        Assert.Empty(_manager.Names);
    }

    /// <summary>Lets a program have the guest, until the test has done its part.</summary>
    /// <returns>What it said.</returns>
    private string Life(EmulatedProcess boot, Action<HostedVm> part, bool isKilled = false)
    {
        EmulatedProcess kernel = boot.StartProcess();
        Assert.True(
            FileDescriptorStore.TryOpen(kernel, _manager.Environment(), out FileDescriptorStore? store, out _));
        using (store)
        {
            var process = new HostProcess(kernel, _host.NewRunFolder());
            HostedVm vm = process.Make(process.Kernel, Name, store: isKilled ? null : new GuestStore(store!));
            try
            {
                Start(vm, process.Kernel, isKilled ? new GuestStore(store!) : null);
                part(vm);
            }
            finally
            {
                process.Dispose();
                _manager.Settle();
            }

            return process.Said;
        }
    }

    // A program that is killed takes the guest from the store, and says nothing at its end: here one that knows of no store when it stops.
    private static void Start(HostedVm vm, Kernel kernel, GuestStore? killed)
    {
        GuestMachine Make(Action<byte> console)
        {
            var machine = new GuestMachine(kernel, GuestRam.Create(kernel, 4 << 20), 2, console);
            machine.Boot(new EmulatedPattern().Load(machine.Ram, 2), CpuidMaskKind.Auto);
            return machine;
        }

        if (killed is null)
        {
            vm.StartKept(Make, static (machine, times) => new EmulatedPattern().Look(machine, times).Fault);
        }
        else
        {
            KeptGuest guest = killed.Take(Name)!;
            killed.BeforeItRuns(Name);
            guest.Ram.Dispose();
        }
    }
}
