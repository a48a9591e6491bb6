using System.Buffers.Binary;
using System.IO.Hashing;
using LuoInterop.Systemd.Memory;

namespace LuoInterop.Fuzz;

/// <summary>Reads the header of a memory that systemd kept.</summary>
internal sealed class PersistentMemoryTarget() : FuzzTarget("persistent-memory")
{
    public override Cost Limit => new(8192, 4);

    public override byte[] Generate(Random random)
    {
        byte[] page = new byte[MemoryHeader.Size];
        string name = new([.. Enumerable.Range(0, random.Next(235)).Select(_ => (char)random.Next(' ', '~' + 1))]);
        MemoryHeader.WriteIdentity(name, random.Next(int.MinValue, int.MaxValue)).CopyTo(page, 0);
        ulong sequence = (ulong)random.NextInt64();
        for (int i = random.Next(1, 3); i > 0; i--)
        {
            StateRecord state = State(random, sequence++);
            state.Write().CopyTo(page, state.Place);
        }

        return page;
    }

    public override byte[] Reseal(byte[] damaged)
    {
        if (damaged.Length >= MemoryHeader.Size)
        {
            Seal(damaged.AsSpan(0, MemoryHeader.FirstState), lengthAt: 12, sumAt: 16, from: 24);
            Seal(damaged.AsSpan(MemoryHeader.FirstState, StateRecord.Size), lengthAt: 8, sumAt: 0, from: 8);
            Seal(damaged.AsSpan(MemoryHeader.SecondState, StateRecord.Size), lengthAt: 8, sumAt: 0, from: 8);
        }

        return damaged;
    }

    public override object? Parse(byte[] input) => MemoryHeader.Read(input, out MemoryHeader? header) == HeaderFault.None ? header : null;

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var header = (MemoryHeader)parsed;
        byte[] page = new byte[MemoryHeader.Size];
        MemoryHeader.WriteIdentity(header.Name, header.DataVersion).CopyTo(page, 0);
        header.State!.Write().CopyTo(page, header.State.Place);
        Require(
            MemoryHeader.Read(page, out MemoryHeader? again) == HeaderFault.None && again == header,
            "the header is another when it is written and read again");
        Require(header.State.DataSize > 0, "a memory has no data");
    }

    private static StateRecord State(Random random, ulong sequence)
    {
        byte[] boot = new byte[16];
        random.NextBytes(boot);
        return new StateRecord(
            random.Next(2) == 0,
            sequence,
            random.NextInt64(1, long.MaxValue),
            new Guid(boot),
            random.Next(2) == 0 ? null : new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()),
            (ulong)random.NextInt64());
    }

    private static void Seal(Span<byte> record, int lengthAt, int sumAt, int from)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(record[lengthAt..]);
        if (length >= from && length <= record.Length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(record[sumAt..], XxHash3.HashToUInt64(record[from..(int)length]));
        }
    }
}
