using System.Buffers.Binary;
using System.IO.Hashing;

namespace LuoInterop.Systemd.Memory;

/// <summary>Is the state in which a memory was left.</summary>
/// <remarks>
/// <code>
/// 0    8  XxHash3 of the record from 8 on
/// 8    4  length of the record in bytes; a longer one has fields that this version does not know
/// 12   4  flags: 1 closed, 2 has a checksum of the data
/// 16   8  sequence: the record of the two that has the higher one counts
/// 24   8  bytes of data
/// 32  16  boot id of the kernel that ran
/// 48  16  XxHash128 of the data
/// 64   8  how many processes have opened the memory
/// </code>
/// </remarks>
/// <param name="IsClosed">Whether the process had closed it.</param>
/// <param name="Sequence">The number of the record.</param>
/// <param name="DataSize">The bytes of data.</param>
/// <param name="BootId">The boot id of the kernel that ran.</param>
/// <param name="Checksum">The data's XxHash128, where there is one.</param>
/// <param name="Openings">How many processes have opened it.</param>
internal sealed record StateRecord(bool IsClosed, ulong Sequence, long DataSize, Guid BootId, UInt128? Checksum, ulong Openings)
{
    public const int Size = 72;

    private const uint ClosedFlag = 1;
    private const uint ChecksumFlag = 2;

    /// <summary>Gets where the record belongs: not where the one before is.</summary>
    public int Place => (Sequence & 1) == 0 ? MemoryHeader.FirstState : MemoryHeader.SecondState;

    public byte[] Write()
    {
        byte[] bytes = new byte[Size];
        uint flags = (IsClosed ? ClosedFlag : 0) | (Checksum is null ? 0 : ChecksumFlag);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Size);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), DataSize);
        BootId.TryWriteBytes(bytes.AsSpan(32), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(48), Checksum ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(64), Openings);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, XxHash3.HashToUInt64(bytes.AsSpan(8)));
        return bytes;
    }

    /// <summary>Reads a record; null where it was never written, or not whole.</summary>
    public static StateRecord? Read(ReadOnlySpan<byte> bytes)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (length < Size || length > bytes.Length
            || XxHash3.HashToUInt64(bytes[8..(int)length]) != BinaryPrimitives.ReadUInt64LittleEndian(bytes))
        {
            return null;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        long size = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
        return size <= 0 ? null : new StateRecord(
            (flags & ClosedFlag) != 0,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            size,
            new Guid(bytes.Slice(32, 16), bigEndian: true),
            (flags & ChecksumFlag) != 0 ? BinaryPrimitives.ReadUInt128LittleEndian(bytes[48..]) : null,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[64..]));
    }
}
