using System.Runtime.InteropServices;
using Google.Protobuf;
using LuoInterop.Kvm.Interop;
using LuoInterop.Kvm.State;

namespace LuoInterop.Kvm;

/// <summary>Holds the state of the devices that the kernel emulates for a VM: timer, clock, interrupt controllers.</summary>
public sealed class VmState
{
    private const ulong NanosecondsOfATick = 100;
    private const ulong NanosecondsOfAMillisecond = 1_000_000;

    // What the time of day can be off by after a boot: the hardware clock counts seconds, and is read in the midst of one.
    private const ulong HardwareClockTick = 2_000_000_000;

    private readonly VmRecord _record;

    internal VmState(VmRecord record) => _record = record;

    /// <summary>Gets the paravirtual clock in nanoseconds, when it was saved.</summary>
    public ulong Clock => _record.Clock;

    /// <summary>Gets the time of day in nanoseconds since 1970, when the clock was saved.</summary>
    public ulong Realtime => _record.Realtime;

    internal static VmRecord Read(KvmVm vm, KvmVcpu first)
    {
        var record = new VmRecord { Pit = Get(vm, KvmVmStructure.Pit) };
        kvm_clock_data clock = default;
        vm.GetState(KvmVmStructure.Clock, Bytes(ref clock));
        record.Clock = clock.clock;
        record.Counter = first.ReadCounter();

        // The kernel says the time of day at the same moment, unless the host's counter is not stable.
        record.Realtime = (clock.flags & KvmX86Header.KVM_CLOCK_REALTIME) != 0 ? clock.realtime : Now();
        record.PicMaster = Get(vm, KvmVmStructure.PicMaster);
        record.PicSlave = Get(vm, KvmVmStructure.PicSlave);
        record.IoApic = Get(vm, KvmVmStructure.IoApic);
        return record;
    }

    internal void Restore(KvmVm vm, KvmVcpu first, KvmClockGap gap)
    {
        Set(vm, KvmVmStructure.Pit, _record.Pit);
        RestoreClock(vm, first, gap);
        Set(vm, KvmVmStructure.PicMaster, _record.PicMaster);
        Set(vm, KvmVmStructure.PicSlave, _record.PicSlave);
        Set(vm, KvmVmStructure.IoApic, _record.IoApic);
    }

    private void RestoreClock(KvmVm vm, KvmVcpu first, KvmClockGap gap)
    {
        kvm_clock_data clock = default;
        clock.clock = _record.Clock;
        if (gap == KvmClockGap.Advance)
        {
            if (ElapsedByCounter(first) is { } elapsed)
            {
                clock.clock += elapsed;
            }
            else if ((vm.CheckExtension(KvmCapability.AdjustClock) & KvmX86Header.KVM_CLOCK_REALTIME) != 0)
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

    // The guest's counter has gone on by the time that has passed, exactly. The time of day after a kexec is that of the hardware clock,
    // which counts seconds: the guest would see its two clocks apart. Null where the counter has not gone on.
    private ulong? ElapsedByCounter(KvmVcpu first)
    {
        ulong now = first.ReadCounter();
        long kilohertz = first.TscKhz;
        if (_record.Counter == 0 || now <= _record.Counter || kilohertz <= 0)
        {
            return null;
        }

        // A counter that was put back where it stood is late by all the time since then.
        ulong elapsed = (ulong)((UInt128)(now - _record.Counter) * NanosecondsOfAMillisecond / (ulong)kilohertz);
        return elapsed + HardwareClockTick >= Now() - Math.Min(Now(), _record.Realtime) ? elapsed : null;
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
