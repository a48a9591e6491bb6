using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.Contract;

/// <summary>Makes the six ioctls byte by byte, with whatever size, number and content a test wants.</summary>
/// <remarks>The layouts are written out from <c>include/uapi/linux/liveupdate.h</c>, not taken from the library.</remarks>
public static class RawIoctl
{
    public const uint CreateSession = 0xBA00;
    public const uint RetrieveSession = 0xBA01;
    public const uint PreserveFd = 0xBA40;
    public const uint RetrieveFd = 0xBA41;
    public const uint Finish = 0xBA42;
    public const uint GetName = 0xBA43;

    public const int NamedSize = 72;
    public const int FileSize = 16;
    public const int FinishSize = 8;

    /// <summary>Makes <c>{u32 size, s32 fd, u8 name[64]}</c>, with room after it when the size says so.</summary>
    public static byte[] Named(string name, int size = NamedSize) => Named(Encoding.UTF8.GetBytes(name), size);

    public static byte[] Named(ReadOnlySpan<byte> name, int size = NamedSize)
    {
        byte[] bytes = new byte[Math.Max(size, NamedSize)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, size);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), -1);
        name.CopyTo(bytes.AsSpan(8, 64));
        return bytes;
    }

    /// <summary>Makes <c>{u32 size, s32 fd, u64 token}</c>.</summary>
    public static byte[] File(int fd, ulong token, int size = FileSize)
    {
        byte[] bytes = new byte[Math.Max(size, FileSize)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, size);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), fd);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), token);
        return bytes;
    }

    /// <summary>Makes <c>{u32 size, u32 reserved}</c>.</summary>
    public static byte[] FinishArgument(uint reserved = 0, int size = FinishSize)
    {
        byte[] bytes = new byte[Math.Max(size, FinishSize)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, size);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), reserved);
        return bytes;
    }

    /// <summary>Reads the descriptor that the kernel wrote back.</summary>
    public static int Fd(ReadOnlySpan<byte> argument) => BinaryPrimitives.ReadInt32LittleEndian(argument[4..]);

    /// <summary>Gets the number of a handle, which the caller keeps open.</summary>
    public static int Number(SafeHandle handle) => (int)handle.DangerousGetHandle();
}
