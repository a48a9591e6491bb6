using System.Runtime.InteropServices;
using Google.Protobuf;
using LuoInterop.Kvm.Interop;
using LuoInterop.Kvm.State;

namespace LuoInterop.Kvm;

/// <summary>Holds the state of a vCPU that stands still.</summary>
/// <remarks>The orders of reading and of putting back are not free; docs/vmm-checklist.md says what breaks in another.</remarks>
public sealed class VcpuState
{
    // KVM takes fewer than 256 registers at once (MAX_IO_MSRS of arch/x86/kvm/msrs.c).
    private const int MostAtOnce = 255;

    // A twentieth of the frequency: more than two measurements of one processor differ.
    private const ulong ToleratedShare = 20;

    // struct kvm_nested_state without the part that its format defines.
    private const int NestedHeader = 128;

    private readonly VcpuRecord _record;

    internal VcpuState(VcpuRecord record) => _record = record;

    /// <summary>Gets the vCPU's number.</summary>
    public uint Id => _record.Id;

    /// <summary>Gets whether it runs, halts or waits for its start.</summary>
    public KvmMpState MpState => (KvmMpState)_record.MpState;

    /// <summary>Gets the general registers.</summary>
    /// <exception cref="KvmStateException">Incomplete: there are none.</exception>
    public KvmRegisters Registers =>
        MemoryMarshal.Read<KvmRegisters>(StructureBytes.Fit(
            _record.Registers.Span, System.Runtime.CompilerServices.Unsafe.SizeOf<KvmRegisters>(), KvmVcpuStructure.Registers));

    /// <summary>Gets the frequency of the guest's time stamp counter in kHz, as it was known when the state was saved.</summary>
    public long TscKhz => (long)_record.TscKhz;

    /// <summary>Gets what is added to the host's time stamp counter for the guest; null where the kernel could not say.</summary>
    public ulong? TscOffset => _record.HasTscOffset ? _record.TscOffset : null;

    internal static VcpuRecord Read(KvmVm vm, KvmVcpu vcpu, IReadOnlyList<uint> msrIndices)
    {
        // Reading whether it halts may deliver INIT or SIPI, and change registers and APIC: before all else.
        var record = new VcpuRecord { Id = vcpu.Id, MpState = (uint)vcpu.MpState };
        foreach (KvmCpuidEntry entry in vcpu.GetCpuid())
        {
            record.Cpuid.Add(new CpuidRecord
            {
                Leaf = entry.Leaf, Subleaf = entry.Subleaf, Flags = entry.Flags, Eax = entry.Eax, Ebx = entry.Ebx, Ecx = entry.Ecx,
                Edx = entry.Edx,
            });
        }

        record.TscKhz = (ulong)vcpu.TscKhz;
        record.HostTscKhz = (ulong)vm.GetTscKhz();
        record.Registers = Get(vcpu, KvmVcpuStructure.Registers);
        record.SpecialRegisters = Get(vcpu, KvmVcpuStructure.SpecialRegisters);
        record.ExtendedControlRegisters = Get(vcpu, KvmVcpuStructure.ExtendedControlRegisters);
        record.ExtendedState = Get(vcpu, KvmVcpuStructure.ExtendedState);
        record.DebugRegisters = Get(vcpu, KvmVcpuStructure.DebugRegisters);
        record.LocalApic = Get(vcpu, KvmVcpuStructure.LocalApic);
        ReadMsrs(vcpu, msrIndices, record);
        if (vcpu.HasTscOffset)
        {
            record.TscOffset = vcpu.TscOffset;
        }

        if (vcpu.GetStateSize(KvmVcpuStructure.NestedState) >= NestedHeader)
        {
            record.NestedState = Get(vcpu, KvmVcpuStructure.NestedState);
        }

        // What is under way moves between the others until here.
        record.Events = Get(vcpu, KvmVcpuStructure.Events);
        return record;
    }

    internal void Restore(KvmVcpu vcpu)
    {
        if (vcpu.Id != Id)
        {
            throw new KvmStateException(KvmStateFault.Refused, $"The state is of vCPU {Id}, the vCPU is {vcpu.Id}.");
        }

        // CPUID says which registers there are; the APIC base comes with the special registers, and the APIC before the registers of its
        // timer.
        vcpu.SetCpuid(Cpuid());
        RestoreFrequency(vcpu);

        Set(vcpu, KvmVcpuStructure.SpecialRegisters, _record.SpecialRegisters);
        if (!_record.NestedState.IsEmpty)
        {
            Set(vcpu, KvmVcpuStructure.NestedState, _record.NestedState);
        }

        Set(vcpu, KvmVcpuStructure.ExtendedControlRegisters, _record.ExtendedControlRegisters);
        Set(vcpu, KvmVcpuStructure.ExtendedState, _record.ExtendedState);
        Set(vcpu, KvmVcpuStructure.LocalApic, _record.LocalApic);
        RestoreMsrs(vcpu);

        // Setting registers drops a pending exception: the events come after them.
        Set(vcpu, KvmVcpuStructure.Registers, _record.Registers);
        Set(vcpu, KvmVcpuStructure.Events, _record.Events);
        vcpu.MpState = MpState;
        Set(vcpu, KvmVcpuStructure.DebugRegisters, _record.DebugRegisters);
    }

    // Each kernel measures the host's counter anew, and comes to another number, which may be further off than KVM lets a guest's be where
    // it cannot scale. A counter that was the host's stays so: it counts as fast as before. It is set all the same: what KVM gives a new
    // vCPU is the number that it was loaded with, and with another one measured since, that vCPU's counter stands still for KVM.
    private void RestoreFrequency(KvmVcpu vcpu)
    {
        vcpu.TscKhz = KvmVcpu.HostTscKhz;
        ulong frequency = (ulong)vcpu.TscKhz;
        ulong difference = Math.Max(frequency, _record.TscKhz) - Math.Min(frequency, _record.TscKhz);
        bool isAnother = difference > _record.TscKhz / ToleratedShare;
        if (vcpu.CanScaleTsc && (isAnother || _record.HostTscKhz != _record.TscKhz))
        {
            vcpu.TscKhz = (long)_record.TscKhz;
        }
        else if (isAnother)
        {
            throw new KvmStateException(
                KvmStateFault.Refused,
                $"vCPU {Id}: the guest's counter runs at {_record.TscKhz} kHz, this processor's at {frequency} kHz, and it cannot scale.");
        }
    }

    private KvmCpuidEntry[] Cpuid()
    {
        var entries = new KvmCpuidEntry[_record.Cpuid.Count];
        for (int i = 0; i < entries.Length; i++)
        {
            CpuidRecord record = _record.Cpuid[i];
            entries[i] = new KvmCpuidEntry
            {
                Leaf = record.Leaf, Subleaf = record.Subleaf, Flags = record.Flags, Eax = record.Eax, Ebx = record.Ebx, Ecx = record.Ecx,
                Edx = record.Edx,
            };
        }

        return entries;
    }

    private static void ReadMsrs(KvmVcpu vcpu, IReadOnlyList<uint> indices, VcpuRecord record)
    {
        uint[] all = [.. indices.Append(MsrIndexHeader.MSR_IA32_XSS).Distinct()];
        Span<KvmMsr> some = new KvmMsr[MostAtOnce];
        for (int first = 0; first < all.Length;)
        {
            int wanted = Math.Min(all.Length - first, MostAtOnce);
            for (int i = 0; i < wanted; i++)
            {
                some[i] = new KvmMsr(all[first + i]);
            }

            int count = vcpu.GetMsrs(some[..wanted]);
            foreach (KvmMsr msr in some[..count])
            {
                // A register that no list has may be readable and not writable; 0 is what it has after a reset.
                if (msr is { Index: MsrIndexHeader.MSR_IA32_XSS, Value: 0 })
                {
                    continue;
                }

                record.Msrs.Add(new MsrRecord { Index = msr.Index, Value = msr.Value });
            }

            // The kernel stops at a register that this vCPU has not: it has no state to keep.
            first += count < wanted ? count + 1 : count;
        }
    }

    private void RestoreMsrs(KvmVcpu vcpu)
    {
        // The counter before the deadline that is measured with it. With the offset the counter is not written: it would be as late as
        // the program is slow.
        var msrs = new KvmMsr[_record.Msrs.Count];
        int count = 0;
        foreach (MsrRecord msr in _record.Msrs)
        {
            if (msr.Index is not (MsrIndexHeader.MSR_IA32_TSC or MsrIndexHeader.MSR_IA32_TSC_DEADLINE))
            {
                msrs[count++] = new KvmMsr(msr.Index, msr.Value);
            }
        }

        for (int first = 0; first < count; first += MostAtOnce)
        {
            SetAll(vcpu, msrs.AsSpan(first, Math.Min(MostAtOnce, count - first)));
        }

        // With the offset the guest's counter goes on as the host's does, through a kexec too. A host whose counter began anew, after a
        // reset or on another machine, would turn the guest's back.
        KvmMsr? counter = Find(MsrIndexHeader.MSR_IA32_TSC);
        if (_record.HasTscOffset)
        {
            vcpu.TscOffset = _record.TscOffset;
        }

        if (counter is { } saved && (!_record.HasTscOffset || vcpu.ReadCounter() < saved.Value))
        {
            SetAll(vcpu, [saved]);
        }

        if (Find(MsrIndexHeader.MSR_IA32_TSC_DEADLINE) is { Value: not 0 } deadline)
        {
            SetAll(vcpu, [deadline]);

            // Where the processor delivers interrupts itself, a deadline that is over is delivered and gone at once.
            KvmMsr[] back = [new KvmMsr(MsrIndexHeader.MSR_IA32_TSC_DEADLINE), new KvmMsr(MsrIndexHeader.MSR_IA32_TSC)];
            if (vcpu.GetMsrs(back) != 2 || (back[0].Value != deadline.Value && (back[0].Value != 0 || back[1].Value < deadline.Value)))
            {
                throw new KvmStateException(
                    KvmStateFault.Refused,
                    $"vCPU {Id}: the deadline of the APIC's timer was set and is not there; the guest would wait for ever.");
            }
        }
    }

    private KvmMsr? Find(uint index)
    {
        foreach (MsrRecord msr in _record.Msrs)
        {
            if (msr.Index == index)
            {
                return new KvmMsr(msr.Index, msr.Value);
            }
        }

        return null;
    }

    private void SetAll(KvmVcpu vcpu, ReadOnlySpan<KvmMsr> msrs)
    {
        int count = vcpu.SetMsrs(msrs);
        if (count < msrs.Length)
        {
            throw new KvmStateException(
                KvmStateFault.Refused,
                $"vCPU {Id}: the kernel refuses the value 0x{msrs[count].Value:x} of the model-specific register 0x{msrs[count].Index:x}.");
        }
    }

    private static ByteString Get(KvmVcpu vcpu, KvmVcpuStructure structure)
    {
        byte[] bytes = new byte[vcpu.GetStateSize(structure)];
        vcpu.GetState(structure, bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static void Set(KvmVcpu vcpu, KvmVcpuStructure structure, ByteString bytes) =>
        vcpu.SetState(structure, StructureBytes.Fit(bytes.Span, vcpu.GetStateSize(structure), structure));
}
