using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using LuoInterop.Kvm;
using LuoInterop.Kvm.State;

namespace LuoInterop.Fuzz;

/// <summary>Reads states of machines.</summary>
internal sealed class MachineStateTarget() : FuzzTarget("machine-state")
{
    private const int Version = 8;
    private const int Length = 12;
    private const int Checksum = 16;
    private const int Payload = 48;

    // A vCPU of two bytes is an object with its lists.
    public override Cost Limit => new(65536, 320);

    public override IReadOnlyList<byte[]> Snippets { get; } =
    [
        // Empty records, a part without name, and fields that no version has: a number, bytes, a group's begin and end.
        [0x0a, 0x00], [0x12, 0x00], [0x1a, 0x00], [0x52, 0x00], [0xc0, 0x3e, 0x01], [0xc2, 0x3e, 0x01, 0xff], [0xc3, 0x3e], [0xc4, 0x3e],
        // Lengths and numbers that go too far.
        [0x12, 0xff, 0xff, 0xff, 0xff, 0x07], [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        "LUOKVMST"u8.ToArray(),
    ];

    public override byte[] Generate(Random random)
    {
        var record = new MachineRecord { Vm = new VmRecord { Clock = (ulong)random.NextInt64(), Pit = Bytes(random, 112) } };
        for (int vcpu = random.Next(1, 4); vcpu > 0; vcpu--)
        {
            record.Vcpus.Add(Vcpu(random, (uint)vcpu));
        }

        for (int part = random.Next(3); part > 0; part--)
        {
            record.Parts[$"part {part}"] = Bytes(random, random.Next(64));
        }

        byte[] payload = record.ToByteArray();
        return Reseal([.. "LUOKVMST"u8, .. new byte[Payload - Version], .. payload]);
    }

    public override byte[] Reseal(byte[] damaged)
    {
        if (damaged.Length >= Payload && damaged.AsSpan().StartsWith("LUOKVMST"u8))
        {
            BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(Version), MachineState.FormatVersion);
            BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(Length), damaged.Length - Payload);
            SHA256.HashData(damaged.AsSpan(Payload), damaged.AsSpan(Checksum, SHA256.HashSizeInBytes));
        }

        return damaged;
    }

    public override object? Parse(byte[] input)
    {
        try
        {
            return MachineState.Parse(input);
        }
        catch (KvmStateException error) when (Enum.IsDefined(error.Fault) && error.Fault != KvmStateFault.Refused)
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var state = (MachineState)parsed;
        Require(state.Vcpus.Count > 0, "a state without a vCPU was read");
        byte[] written = state.ToBytes();
        MachineState again = MachineState.Parse(written);
        Require(again.ToBytes().AsSpan().SequenceEqual(written), "the bytes are others when they are written again");
        Require(!isSound || written.AsSpan().SequenceEqual(input), "a sound state is another one when it is written");
        Require(
            again.Vcpus.Select(static vcpu => (vcpu.Id, vcpu.MpState, vcpu.TscOffset))
                .SequenceEqual(state.Vcpus.Select(static vcpu => (vcpu.Id, vcpu.MpState, vcpu.TscOffset))),
            "the vCPUs are others when they are written and read again");
        Require(again.Vm.Clock == state.Vm.Clock, "the clock is another when it is written and read again");
    }

    private static VcpuRecord Vcpu(Random random, uint id)
    {
        var vcpu = new VcpuRecord
        {
            Id = id, MpState = (uint)random.Next(4), TscKhz = 1_000_000, Registers = Bytes(random, 144), Events = Bytes(random, 64),
        };
        if (random.Next(2) == 0)
        {
            vcpu.TscOffset = (ulong)random.NextInt64();
        }

        for (int i = random.Next(8); i > 0; i--)
        {
            vcpu.Cpuid.Add(new CpuidRecord { Leaf = (uint)i, Eax = (uint)random.Next() });
            vcpu.Msrs.Add(new MsrRecord { Index = (uint)i, Value = (ulong)random.NextInt64() });
        }

        return vcpu;
    }

    private static ByteString Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
