using System.Buffers.Binary;
using System.Security.Cryptography;
using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of the bytes of a machine's state, with offsets written out.</summary>
public static class MachineStateBytes
{
    private const int Version = 8;
    private const int Length = 12;
    private const int Checksum = 16;
    private const int Payload = 48;

    public static void State_RoundTrip_IsTheSameBytes(Kernel kernel)
    {
        byte[] bytes = Make(kernel);
        Assert.Equal("LUOKVMST"u8, bytes.AsSpan(0, 8));
        Assert.Equal((1u, (uint)(bytes.Length - Payload)), (Word(bytes, Version), Word(bytes, Length)));
        Assert.Equal(SHA256.HashData(bytes.AsSpan(Payload)), bytes[Checksum..Payload]);
        MachineState state = MachineState.Parse(bytes);
        Assert.Equal(bytes, state.ToBytes());
        Assert.Equal(bytes, MachineState.Parse([.. bytes, 1, 2, 3]).ToBytes());
    }

    public static void Parts_AreGivenBackByName(Kernel kernel)
    {
        MachineState state = MachineState.Parse(Make(kernel));
        Assert.Equal([1, 2, 3], MachineState.Parse(state.ToBytes()).GetPart("uart").ToArray());
        Assert.True(state.HasPart("uart"));
        Assert.False(state.HasPart("disk"));
        KvmStateException error = Assert.Throws<KvmStateException>(() => state.GetPart("disk"));
        Assert.Equal(KvmStateFault.Incomplete, error.Fault);
        Assert.Contains("\"disk\"", error.Message, StringComparison.Ordinal);
        state.SetPart("uart", [4]);
        Assert.Equal([4], MachineState.Parse(state.ToBytes()).GetPart("uart").ToArray());
    }

    public static void NewerVersion_IsRefusedByName(Kernel kernel)
    {
        byte[] bytes = Make(kernel);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Version), 2);
        KvmStateException error = Assert.Throws<KvmStateException>(() => MachineState.Parse(bytes));
        Assert.Equal(KvmStateFault.NewerVersion, error.Fault);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("knows up to 1", error.Message, StringComparison.Ordinal);
    }

    public static void TruncatedState_IsRefusedAtEveryLength(Kernel kernel)
    {
        byte[] bytes = Make(kernel);
        for (int length = 0; length < bytes.Length; length++)
        {
            KvmStateException error = Assert.Throws<KvmStateException>(() => MachineState.Parse(bytes.AsSpan(0, length)));
            Assert.Equal(length < 8 ? KvmStateFault.NotAState : KvmStateFault.Truncated, error.Fault);
        }
    }

    public static void DamagedState_IsRefusedAtEveryByte(Kernel kernel)
    {
        byte[] bytes = Make(kernel);
        for (int at = 0; at < bytes.Length; at += at < 4096 ? 1 : 61)
        {
            bytes[at] ^= 0x80;
            KvmStateException error = Assert.Throws<KvmStateException>(() => MachineState.Parse(bytes));
            Assert.Equal(
                at switch
                {
                    < Version => KvmStateFault.NotAState,
                    < Length => KvmStateFault.NewerVersion,
                    < Checksum => error.Fault,
                    _ => KvmStateFault.Damaged,
                },
                error.Fault);
            Assert.True(error.Fault is not (KvmStateFault.Incomplete or KvmStateFault.Refused), $"{at}: {error.Message}");
            bytes[at] ^= 0x80;
        }

        Assert.Equal(bytes, MachineState.Parse(bytes).ToBytes());
    }

    public static void StateWithoutAVcpu_IsIncomplete(Kernel kernel)
    {
        Assert.NotNull(kernel);
        Assert.Equal(KvmStateFault.Incomplete, Assert.Throws<KvmStateException>(() => MachineState.Parse(Framed([]))).Fault);

        // What has the right checksum and is no protocol buffer: a field whose length goes beyond the end.
        Assert.Equal(KvmStateFault.Damaged, Assert.Throws<KvmStateException>(() => MachineState.Parse(Framed([0x0a, 0x7f]))).Fault);
    }

    /// <summary>A field that a newer program adds is kept, and written again.</summary>
    public static void UnknownField_Survives(Kernel kernel)
    {
        byte[] bytes = Make(kernel);

        // Field 1000 of the machine, a number: the tag 8000 and the value 300, both as varints.
        byte[] added = [0xc0, 0x3e, 0xac, 0x02];
        byte[] newer = Framed([.. bytes.AsSpan(Payload), .. added]);
        byte[] again = MachineState.Parse(newer).ToBytes();
        Assert.Equal(newer.Length, again.Length);
        Assert.Equal(added, again[^added.Length..]);
    }

    private static byte[] Framed(ReadOnlySpan<byte> payload)
    {
        byte[] bytes = [.. "LUOKVMST"u8, .. new byte[Payload - Version], .. payload];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Version), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Length), (uint)payload.Length);
        SHA256.HashData(payload, bytes.AsSpan(Checksum));
        return bytes;
    }

    private static byte[] Make(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(0xF4);
        MachineState state = machine.Save();
        state.SetPart("uart", [1, 2, 3]);
        return state.ToBytes();
    }

    private static uint Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
}
