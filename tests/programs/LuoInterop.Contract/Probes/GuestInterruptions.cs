using System.Runtime.InteropServices;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of KVM's calls in a thread that gets signals.</summary>
public static class GuestInterruptions
{
    /// <summary>KVM_CREATE_VM takes every lock of the address space, and is EINTR at a signal meanwhile (mm_take_all_locks);
    /// the library asks again.</summary>
    public static void CreateVm_UnderSignals_EINTR_AndTheLibraryAsksAgain()
    {
        using var storm = new SignalStorm { Paused = true };
        var kernel = new InterruptionCounter(new StormyCreation(storm));
        using KvmDevice device = KvmDevice.Open(kernel);
        int vms = 0;
        while (vms < 120 || (kernel.Interruptions == 0 && vms < 4000))
        {
            using KvmVm vm = device.CreateVm();
            Assert.False(vm.Handle.IsInvalid);
            vms++;
        }

        Assert.True(kernel.Interruptions > 0, $"none of {vms} calls was interrupted");
    }

    /// <summary>fallocate(2) of a guest_memfd is EINTR at any signal, and keeps what it has; the library goes on.</summary>
    public static void GuestMemfd_AllocateUnderSignals_EINTR_AndTheLibraryGoesOn()
    {
        const long Size = 64 << 20;
        int interruptions = 0;
        int files = 0;
        for (; interruptions == 0 && files < 100; files++)
        {
            var kernel = new InterruptionCounter(Kernel.Linux);
            using KvmDevice device = KvmDevice.Open(kernel);
            using KvmVm vm = device.CreateVm();
            using GuestMemfd memory = vm.CreateGuestMemfd(Size);
            using (new SignalStorm())
            {
                memory.Allocate(0, Size);
            }

            Assert.Equal(Size, kernel.Allocated);
            interruptions = kernel.Interruptions;
        }

        Assert.True(interruptions > 0, $"no call for {files} files was interrupted");
    }

    /// <summary>KVM_RUN is EINTR so that the program can look after its signals: it is passed on.</summary>
    public static void Vcpu_RunUnderSignals_IsInterrupted()
    {
        // jmp to itself
        using var probe = new ProbeVm(Kernel.Linux);
        using KvmVcpu vcpu = probe.Boot(0xEB, 0xFE);
        using var storm = new SignalStorm(TimeSpan.FromMilliseconds(20));
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(KvmExitReason.Interrupted, vcpu.Run());
        }
    }

    /// <summary>Lets signals come without pause while a VM is created, and none while an interrupted call is made again:
    /// so it ends.</summary>
    private sealed class StormyCreation(SignalStorm storm) : ForwardingKernel(Kernel.Linux)
    {
        private bool _interrupted;

        public override int Ioctl(SafeHandle file, uint request, nint argument)
        {
            if (request != KvmHeader.KVM_CREATE_VM)
            {
                return base.Ioctl(file, request, argument);
            }

            storm.Paused = _interrupted;
            int result = base.Ioctl(file, request, argument);
            storm.Paused = true;
            _interrupted = result == -(int)Errno.EINTR;
            return result;
        }
    }
}
