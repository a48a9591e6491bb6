using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of preserving what belongs to a VM, on a kernel without handlers for it.</summary>
public static class GuestMemfdPreservation
{
    public static void Preserve_WhatBelongsToAVm_ENOENT(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Own(probe.Vm.CreateVcpu());
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        LiveUpdateSession session = device.CreateSession("vm");
        foreach (GuestMemfdOptions options in (GuestMemfdOptions[])[
            GuestMemfdOptions.None, GuestMemfdOptions.Map, GuestMemfdOptions.Map | GuestMemfdOptions.InitShared])
        {
            GuestMemfd memory = probe.Memory(ProbeVm.Page, options);
            Refused.With(Errno.ENOENT, () => session.Preserve(memory.Handle, 1));
            Assert.Equal(PreservabilityRule.NotMemory, Preservability.Of(kernel, memory.Handle).Rule);
            memory.Allocate(0, ProbeVm.Page);
            memory.PunchHole(0, ProbeVm.Page);
        }

        Refused.With(Errno.ENOENT, () => session.Preserve(probe.Vm.Handle, 1));
        Refused.With(Errno.ENOENT, () => session.Preserve(vcpu.Handle, 1));
        Refused.With(Errno.ENOENT, () => session.Preserve(probe.Device.Handle, 1));
        session.Abort();
    }
}
