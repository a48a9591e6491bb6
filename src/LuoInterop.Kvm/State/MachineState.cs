using System.Buffers.Binary;
using Google.Protobuf;
using LuoInterop.Kvm.State;

namespace LuoInterop.Kvm;

/// <summary>Holds the state of a stopped machine: its vCPUs, the devices in the kernel, and what the VMM adds.</summary>
/// <remarks>
/// <para><see cref="ToBytes"/> writes 8 bytes of magic, the format's version and the payload's length (4 bytes each, little-endian), the
/// payload's SHA-256, and the payload: protocol buffers, whose fields have numbers (<c>machine.proto</c>). Fields that are not known
/// are kept and written again; a newer version is refused.</para>
/// <para>Guest memory is not in it. Not safe for use from several threads at once.</para>
/// </remarks>
public sealed class MachineState
{
    /// <summary>The version of the format that this library writes, and the newest that it reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>The most bytes that are read: vCPUs have some 20 KiB each.</summary>
    public const int MaximumBytes = 64 << 20;

    private const int VersionOffset = 8;
    private const int LengthOffset = 12;
    private const int ChecksumOffset = 16;
    private const int PayloadOffset = ChecksumOffset + Sha256Digest.Size;

    private readonly MachineRecord _record;

    private MachineState(MachineRecord record)
    {
        _record = record;
        Vm = new VmState(record.Vm);
        Vcpus = [.. record.Vcpus.Select(static vcpu => new VcpuState(vcpu))];
    }

    /// <summary>Gets the devices in the kernel.</summary>
    public VmState Vm { get; }

    /// <summary>Gets the vCPUs, in the order in which they were saved.</summary>
    public IReadOnlyList<VcpuState> Vcpus { get; }

    private static ReadOnlySpan<byte> Magic => "LUOKVMST"u8;

    /// <summary>Saves a machine that stands still: no vCPU runs, each has completed its last exit
    /// (<see cref="KvmVcpu.CompleteExit"/>), and the VMM's devices raise no interrupt any more.</summary>
    /// <param name="vm">The VM, with interrupt controllers and timer in the kernel.</param>
    /// <param name="vcpus">All its vCPUs.</param>
    /// <param name="msrIndices">The registers to save: <see cref="KvmDevice.GetMsrIndices"/>.</param>
    /// <exception cref="KernelException">The kernel refuses to give a part.</exception>
    public static MachineState Save(KvmVm vm, IReadOnlyList<KvmVcpu> vcpus, IReadOnlyList<uint> msrIndices)
    {
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentNullException.ThrowIfNull(vcpus);
        ArgumentNullException.ThrowIfNull(msrIndices);
        ArgumentOutOfRangeException.ThrowIfZero(vcpus.Count);

        // The vCPUs first: reading one may deliver what its APIC holds, and the devices after them keep the time longest.
        var record = new MachineRecord();
        foreach (KvmVcpu vcpu in vcpus)
        {
            record.Vcpus.Add(VcpuState.Read(vm, vcpu, msrIndices));
        }

        record.Vm = VmState.Read(vm, vcpus[0]);
        return new MachineState(record);
    }

    /// <summary>Puts the state into a machine that was made anew and has not run.</summary>
    /// <param name="vm">The VM, with interrupt controllers, timer and memory.</param>
    /// <param name="vcpus">Its vCPUs, as many as were saved, with the same numbers.</param>
    /// <param name="clock">What the guest's clock does about the time since it was saved.</param>
    /// <exception cref="KvmStateException">Refused: a part is refused, or there are other vCPUs. The machine cannot run then; make another.
    /// </exception>
    /// <exception cref="KernelException">The kernel refuses a part.</exception>
    public void Restore(KvmVm vm, IReadOnlyList<KvmVcpu> vcpus, KvmClockGap clock = KvmClockGap.Advance)
    {
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentNullException.ThrowIfNull(vcpus);
        if (vcpus.Count != Vcpus.Count)
        {
            throw new KvmStateException(
                KvmStateFault.Refused, $"The state has {Vcpus.Count} vCPUs, the machine {vcpus.Count}.");
        }

        for (int i = 0; i < vcpus.Count; i++)
        {
            Vcpus[i].Restore(vcpus[i]);
        }

        Vm.Restore(vm, vcpus[0], Vcpus[0].TscKhz, clock);

        // Last of all, before the guest can look at its clock.
        foreach (KvmVcpu vcpu in vcpus)
        {
            vcpu.NotifyPaused();
        }
    }

    /// <summary>Adds a part of the VMM's own, or puts it in the place of the one that has its name.</summary>
    public void SetPart(string name, ReadOnlySpan<byte> bytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _record.Parts[name] = ByteString.CopyFrom(bytes);
    }

    /// <summary>Gets a part of the VMM's own.</summary>
    /// <exception cref="KvmStateException">Incomplete: there is none of this name.</exception>
    public ReadOnlyMemory<byte> GetPart(string name) => _record.Parts.TryGetValue(name, out ByteString? bytes)
        ? bytes.Memory
        : throw new KvmStateException(KvmStateFault.Incomplete, $"The state has no part \"{name}\".");

    /// <summary>Tells whether there is a part of the VMM's own.</summary>
    public bool HasPart(string name) => _record.Parts.ContainsKey(name);

    /// <summary>Writes the state.</summary>
    public byte[] ToBytes()
    {
        int length = _record.CalculateSize();
        byte[] bytes = new byte[PayloadOffset + length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(VersionOffset), FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(LengthOffset), length);
        Span<byte> payload = bytes.AsSpan(PayloadOffset);
        _record.WriteTo(payload);
        Sha256Digest.Compute(payload, bytes.AsSpan(ChecksumOffset, Sha256Digest.Size));
        return bytes;
    }

    /// <summary>Reads a state from bytes that are not trusted. What follows it is passed over.</summary>
    /// <exception cref="KvmStateException">NotAState, Truncated, Damaged, NewerVersion or Incomplete, with what is wrong.</exception>
    public static MachineState Parse(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Magic))
        {
            throw new KvmStateException(KvmStateFault.NotAState, "The bytes are no machine's state: they do not begin with LUOKVMST.");
        }

        if (bytes.Length < PayloadOffset)
        {
            throw Truncated(bytes.Length, PayloadOffset);
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[VersionOffset..]);
        if (version == 0)
        {
            throw new KvmStateException(KvmStateFault.Damaged, "The state is damaged: the format has no version 0.");
        }

        if (version > FormatVersion)
        {
            throw new KvmStateException(
                KvmStateFault.NewerVersion,
                $"The state has version {version} of the format; this program knows up to {FormatVersion}. Resume with the program that "
                    + "wrote it, or a newer one.");
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthOffset..]);
        if (length > MaximumBytes)
        {
            throw new KvmStateException(
                KvmStateFault.Damaged, $"The state is damaged: it claims {length} bytes, and no state has more than {MaximumBytes}.");
        }

        if (length > bytes.Length - PayloadOffset)
        {
            throw Truncated(bytes.Length, PayloadOffset + (long)length);
        }

        ReadOnlySpan<byte> payload = bytes.Slice(PayloadOffset, (int)length);
        Span<byte> checksum = stackalloc byte[Sha256Digest.Size];
        Sha256Digest.Compute(payload, checksum);
        if (!bytes.Slice(ChecksumOffset, Sha256Digest.Size).SequenceEqual(checksum))
        {
            throw new KvmStateException(KvmStateFault.Damaged, "The state is damaged: its checksum is another one.");
        }

        return Read(payload);
    }

    private static MachineState Read(ReadOnlySpan<byte> payload)
    {
        try
        {
            MachineRecord record = MachineRecord.Parser.ParseFrom(payload);
            if (record.Vm is null || record.Vcpus.Count == 0)
            {
                throw new KvmStateException(KvmStateFault.Incomplete, "The state has no VM, or no vCPU.");
            }

            return new MachineState(record);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new KvmStateException(KvmStateFault.Damaged, $"The state cannot be read: {error.Message}", error);
        }
    }

    private static KvmStateException Truncated(long have, long want) =>
        new(KvmStateFault.Truncated, $"The state ends early: {have} bytes of {want}.");
}
