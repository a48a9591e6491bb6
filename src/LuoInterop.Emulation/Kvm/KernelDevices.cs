using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds the devices that KVM has in the kernel: two 8259, an I/O APIC, an 8254 and the paravirtual clock.</summary>
/// <remarks>Guarded by the running kernel's lock.</remarks>
internal sealed class KernelDevices
{
    /// <summary>The vector that line 0 is delivered as, line 1 the next one and so on.</summary>
    public const int FirstVector = 0x20;

    public const uint ValidClockFlags =
        KvmX86Header.KVM_CLOCK_TSC_STABLE | KvmX86Header.KVM_CLOCK_REALTIME | KvmX86Header.KVM_CLOCK_HOST_TSC;

    // struct kvm_pic_state and struct kvm_ioapic_state, with where its requests and its first entry are.
    private const int PicSize = 16;
    private const int IoApicSize = 216;
    private const int IoApicRequests = 16;
    private const int IoApicEntries = 24;
    private const int Lines = 24;
    private const ulong IoApicAddress = 0xfec00000;
    private const byte EntryMasked = 1;

    // struct kvm_pit_channel_state: count, mode, gate and when the count was loaded.
    private const int PitSize = 112;
    private const int ChannelSize = 24;
    private const int ChannelMode = 13;
    private const int ChannelGate = 15;
    private const int ChannelLoaded = 16;
    private const int Channels = 3;

    private byte[][]? _chips;
    private byte[]? _pit;
    private ulong _clockOffset = 0 - EmulatedTime.Tsc;

    public bool HasIrqchip => _chips is not null;

    /// <summary>Gets or sets the APIC that lines are delivered to: the first vCPU's.</summary>
    public LocalApic? Target { get; set; }

    public int CreateIrqchip(bool hasVcpu)
    {
        if (HasIrqchip)
        {
            return Refused.EEXIST;
        }

        if (hasVcpu)
        {
            return Refused.EINVAL;
        }

        byte[] ioApic = new byte[IoApicSize];
        BinaryPrimitives.WriteUInt64LittleEndian(ioApic, IoApicAddress);
        for (int line = 0; line < Lines; line++)
        {
            ioApic[IoApicEntries + (line * sizeof(ulong)) + 2] = EntryMasked;
        }

        _chips = [new byte[PicSize], new byte[PicSize], ioApic];
        return 0;
    }

    public int CreatePit()
    {
        if (_pit is not null)
        {
            return Refused.EEXIST;
        }

        if (!HasIrqchip)
        {
            return Refused.ENOENT;
        }

        // kvm_pit_reset.
        _pit = new byte[PitSize];
        for (int channel = 0; channel < Channels; channel++)
        {
            _pit[(channel * ChannelSize) + ChannelMode] = 0xff;
            _pit[(channel * ChannelSize) + ChannelGate] = channel == 2 ? (byte)0 : (byte)1;
        }

        LoadCounts(_pit);
        return 0;
    }

    /// <summary>kvm_vm_ioctl_irq_line.</summary>
    public int SetLine(uint line, bool level)
    {
        if (_chips is null)
        {
            return Refused.ENXIO;
        }

        if (line < Lines)
        {
            Span<byte> requests = _chips[KvmX86Header.KVM_IRQCHIP_IOAPIC].AsSpan(IoApicRequests);
            uint before = BinaryPrimitives.ReadUInt32LittleEndian(requests);
            uint after = level ? before | (1u << (int)line) : before & ~(1u << (int)line);
            BinaryPrimitives.WriteUInt32LittleEndian(requests, after);
            if (level && after != before)
            {
                Target?.Raise(FirstVector + (int)line);
            }
        }

        return 0;
    }

    /// <summary>kvm_vm_ioctl_get_irqchip: the structure is in the caller's hands, and holds the number.</summary>
    public int GetChip(ref kvm_irqchip chip)
    {
        if (_chips is null)
        {
            return Refused.ENXIO;
        }

        if (chip.chip_id >= _chips.Length)
        {
            return Refused.EINVAL;
        }

        _chips[chip.chip_id].CopyTo(Content(ref chip));
        return 0;
    }

    /// <summary>kvm_vm_ioctl_set_irqchip.</summary>
    public int SetChip(ref kvm_irqchip chip)
    {
        if (_chips is null)
        {
            return Refused.ENXIO;
        }

        if (chip.chip_id >= _chips.Length)
        {
            return Refused.EINVAL;
        }

        byte[] state = _chips[chip.chip_id];
        Content(ref chip)[..state.Length].CopyTo(state);
        return 0;
    }

    /// <summary>Gives the timer's bytes: empty where there is none.</summary>
    public ReadOnlySpan<byte> Pit => _pit;

    /// <summary>kvm_vm_ioctl_set_pit2.</summary>
    public int SetPit(ReadOnlySpan<byte> pit)
    {
        if (_pit is null)
        {
            return Refused.ENXIO;
        }

        // The end is reserved, and given back as zeroes.
        pit[..((Channels * ChannelSize) + sizeof(uint))].CopyTo(_pit);
        LoadCounts(_pit);
        return 0;
    }

    /// <summary>get_kvmclock, of a host whose counter is stable.</summary>
    public kvm_clock_data GetClock() => new()
    {
        clock = EmulatedTime.Tsc + _clockOffset,
        flags = ValidClockFlags,
        realtime = EmulatedTime.Realtime,
        host_tsc = EmulatedTime.Tsc,
    };

    /// <summary>kvm_vm_ioctl_set_clock.</summary>
    public int SetClock(in kvm_clock_data data)
    {
        if ((data.flags & ~ValidClockFlags) != 0)
        {
            return Refused.EINVAL;
        }

        ulong clock = data.clock;
        ulong now = EmulatedTime.Realtime;
        if ((data.flags & KvmX86Header.KVM_CLOCK_REALTIME) != 0 && now > data.realtime)
        {
            clock += now - data.realtime;
        }

        _clockOffset = clock - EmulatedTime.Tsc;
        return 0;
    }

    // pit_load_count: 0 counts as 65536.
    private static void LoadCounts(byte[] pit)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            Span<byte> state = pit.AsSpan(channel * ChannelSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(state) == 0)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(state, ushort.MaxValue + 1);
            }

            BinaryPrimitives.WriteUInt64LittleEndian(state[ChannelLoaded..], EmulatedTime.Tsc);
        }
    }

    private static Span<byte> Content(ref kvm_irqchip chip) =>
        MemoryMarshal.AsBytes(new Span<kvm_irqchip>(ref chip))[(2 * sizeof(uint))..];
}
