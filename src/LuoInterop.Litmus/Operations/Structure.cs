using System.Buffers.Binary;
using LuoInterop.Litmus.Language;

namespace LuoInterop.Litmus.Operations;

/// <summary>Writes the structures of the six requests byte by byte (<c>include/uapi/linux/liveupdate.h</c>).</summary>
internal static class Structure
{
    public const int NamedSize = 72;
    public const int FileSize = 16;
    public const int FinishSize = 8;

    /// <summary>The offset of the descriptor, or of the reserved word.</summary>
    public const int SecondWord = 4;

    /// <summary>The offset of the name, or of the token.</summary>
    public const int Payload = 8;

    /// <summary>Gives the structure's size by the request's number, that of a file where the number is unknown.</summary>
    public static int SizeOf(uint request) => (request & 0xff) switch
    {
        0x00 or 0x01 or 0x43 => NamedSize,
        0x42 => FinishSize,
        _ => FileSize,
    };

    public static byte[] Named(SessionNameField? name, string prefix)
    {
        byte[] bytes = Sized(NamedSize);
        name?.Write(bytes.AsSpan(Payload, SessionNameField.Length), prefix);
        return bytes;
    }

    public static byte[] File(int fd, long token)
    {
        byte[] bytes = Sized(FileSize);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(SecondWord), fd);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Payload), token);
        return bytes;
    }

    public static byte[] Finish(uint reserved)
    {
        byte[] bytes = Sized(FinishSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(SecondWord), reserved);
        return bytes;
    }

    public static int Fd(ReadOnlySpan<byte> structure) => BinaryPrimitives.ReadInt32LittleEndian(structure[SecondWord..]);

    private static byte[] Sized(int size)
    {
        byte[] bytes = new byte[size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, size);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(SecondWord), -1);
        return bytes;
    }
}
