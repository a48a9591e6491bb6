using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace LuoInterop.Systemd.Memory;

/// <summary>Is the first page of a kept memory: what it is, and in which state it was left.</summary>
/// <remarks>
/// <para>All numbers are little-endian. The identity never changes while the file is the same memory:</para>
/// <code>
/// 0    8  magic "LUOMEM\r\n"
/// 8    4  version of the format: 1
/// 12   4  length of the identity in bytes, from 0 on; a longer one has fields that this version does not know
/// 16   8  XxHash3 of the identity from 24 on
/// 24   4  where the data begins: 4096
/// 28   4  the application's data version
/// 32   2  length of the name in bytes
/// 34   n  the name, ASCII
/// </code>
/// <para>The state is written in turns to two places (<see cref="StateRecord"/>), so that a process that is killed in the middle of a
/// write leaves the state before it.</para>
/// </remarks>
internal sealed record MemoryHeader(string Name, int DataVersion, StateRecord? State)
{
    /// <summary>The bytes before the data.</summary>
    public const int Size = 4096;

    public const uint FormatVersion = 1;

    /// <summary>Where the two states are.</summary>
    public const int FirstState = 1024;

    /// <inheritdoc cref="FirstState"/>
    public const int SecondState = 2048;

    private const int FixedLength = 34;
    private const int MostIdentity = 1024;

    /// <summary>Gets what the file begins with. The line end shows a transfer that changed bytes.</summary>
    private static ReadOnlySpan<byte> Magic => "LUOMEM\r\n"u8;

    /// <summary>Writes an identity.</summary>
    public static byte[] WriteIdentity(string name, int dataVersion)
    {
        byte[] text = Encoding.ASCII.GetBytes(name);
        byte[] bytes = new byte[FixedLength + text.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(24), Size);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), dataVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(32), (ushort)text.Length);
        text.CopyTo(bytes, FixedLength);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), XxHash3.HashToUInt64(bytes.AsSpan(24)));
        return bytes;
    }

    /// <summary>Reads a header. The bytes may be anybody's.</summary>
    /// <param name="bytes">The first page, or what there is of it.</param>
    /// <param name="header">The header, where nothing is wrong with it.</param>
    public static HeaderFault Read(ReadOnlySpan<byte> bytes, out MemoryHeader? header)
    {
        header = null;
        if (!bytes.ContainsAnyExcept((byte)0))
        {
            return HeaderFault.Blank;
        }

        if (bytes.Length < Size)
        {
            return HeaderFault.WrongLength;
        }

        if (!bytes.StartsWith(Magic))
        {
            return HeaderFault.WrongMagic;
        }

        // Before the checksum, which a newer version may make otherwise.
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) > FormatVersion)
        {
            return HeaderFault.NewerFormat;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        if (length is < FixedLength or > MostIdentity)
        {
            return HeaderFault.WrongLength;
        }

        if (XxHash3.HashToUInt64(bytes[24..(int)length]) != BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]))
        {
            return HeaderFault.WrongChecksum;
        }

        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]);
        if (FixedLength + nameLength > length || BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]) != Size)
        {
            return HeaderFault.WrongLength;
        }

        ReadOnlySpan<byte> name = bytes.Slice(FixedLength, nameLength);
        if (name.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return HeaderFault.WrongName;
        }

        StateRecord? first = StateRecord.Read(bytes[FirstState..SecondState]);
        StateRecord? second = StateRecord.Read(bytes[SecondState..]);
        StateRecord? state = first is null ? second : second is null || first.Sequence >= second.Sequence ? first : second;
        header = new MemoryHeader(Encoding.ASCII.GetString(name), BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]), state);
        return state is null ? HeaderFault.NoState : HeaderFault.None;
    }
}
