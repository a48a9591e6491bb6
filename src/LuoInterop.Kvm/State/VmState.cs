using System.Runtime.InteropServices;
using Google.Protobuf;
using LuoInterop.Kvm.Interop;
using LuoInterop.Kvm.State;

namespace LuoInterop.Kvm;

/// <summary>Holds the state of the devices that the kernel emulates for a VM: timer, clock, interrupt controllers.</summary>
public sealed class VmState
{
    private const ulong NanosecondsOfATick = 100;

    private readonly VmRecord _record;

    internal VmState(VmRecord record) => _record = record;

    /// <summary>Gets the paravirtual clock in nanoseconds, when it was saved.</summary>
    public ulong Clock => _record.Clock;

    /// <summary>Gets the time of day in nanoseconds since 1970, when the clock was saved.</summary>
    public ulong Realtime => _record.Realtime;

    internal static VmRecord Read(KvmVm vm)
    {
        var record = new VmRecord { Pit = Get(vm, KvmVmStructure.Pit) };
        kvm_clock_data clock = default;
        vm.GetState(KvmVmStructure.Clock, Bytes(ref clock));
        record.Clock = clock.clock;

        // The kernel says the time of day at the same moment, unless the host's counter is not stable.
        record.Realtime = (clock.flags & KvmX86Header.KVM_CLOCK_REALTIME) != 0 ? clock.realtime : Now();
        record.PicMaster = Get(vm, KvmVmStructure.PicMaster);
        record.PicSlave = Get(vm, KvmVmStructure.PicSlave);
        record.IoApic = Get(vm, KvmVmStructure.IoApic);
        return record;
    }

    internal void Restore(KvmVm vm, KvmClockGap gap)
    {
        Set(vm, KvmVmStructure.Pit, _record.Pit);
        RestoreClock(vm, gap);
        Set(vm, KvmVmStructure.PicMaster, _record.PicMaster);
        Set(vm, KvmVmStructure.PicSlave, _record.PicSlave);
        Set(vm, KvmVmStructure.IoApic, _record.IoApic);
    }

    private void RestoreClock(KvmVm vm, KvmClockGap gap)
    {
        kvm_clock_data clock = default;
        clock.clock = _record.Clock;
        if (gap == KvmClockGap.Advance)
        {
            // Older kernels, and a host whose counter is not stable, cannot add the gap themselves.
            bool kernelAdds = (vm.CheckExtension(KvmCapability.AdjustClock) & KvmX86Header.KVM_CLOCK_REALTIME) != 0;
            if (kernelAdds)
            {
                clock.flags = KvmX86Header.KVM_CLOCK_REALTIME;
                clock.realtime = _record.Realtime;
            }
            else
            {
                // A clock of the day that was set back must not turn the guest's back.
                ulong now = Now();
                clock.clock += now > _record.Realtime ? now - _record.Realtime : 0;
            }
        }

        vm.SetState(KvmVmStructure.Clock, Bytes(ref clock));
    }

    private static ulong Now() => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * NanosecondsOfATick;

    private static Span<byte> Bytes(ref kvm_clock_data clock) => MemoryMarshal.AsBytes(new Span<kvm_clock_data>(ref clock));

    private static ByteString Get(KvmVm vm, KvmVmStructure structure)
    {
        byte[] bytes = new byte[KvmVm.GetStateSize(structure)];
        vm.GetState(structure, bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static void Set(KvmVm vm, KvmVmStructure structure, ByteString bytes) =>
        vm.SetState(structure, StructureBytes.Fit(bytes.Span, KvmVm.GetStateSize(structure), structure));
}
