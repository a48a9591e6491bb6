using System.Buffers.Binary;
using System.Text;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers what asks for the status of a file, and for the kernel's name.</summary>
internal static class StatusCalls
{
    // Of x86-64: struct stat and struct statfs of include/uapi/asm/, struct statx of include/uapi/linux/stat.h, struct new_utsname.
    private const int StatSize = 144;
    private const int StatxSize = 256;
    private const int StatFsSize = 120;
    private const int NameField = 65;
    private const int NameSize = 6 * NameField;
    private const int NotOwn = 1;
    private const uint CharacterDevice = 0x2000;
    private const uint FileTypeMask = 0xf000;

    // The device's number is given when its driver registers (MISC_DYNAMIC_MINOR): the largest of those.
    private const uint MiscMajor = 10;
    private const uint DynamicMinor = 262;

    /// <summary>Answers stat(2) and its kind.</summary>
    public static CallAnswer Answer(TrappedCall call)
    {
        FileStatus status = default;
        (int folder, int pathIndex, int result, int flags) = call.Number switch
        {
            CallNumbers.fstat => (call.Int(0), -1, 1, LibC.AT_EMPTY_PATH),
            CallNumbers.newfstatat => (call.Int(0), 1, 2, call.Int(3)),
            CallNumbers.statx => (call.Int(0), 1, 4, call.Int(2)),
            _ => (PathName.WorkingFolder, 0, 1, 0),
        };
        string? path = pathIndex < 0 ? "" : call.Path(pathIndex);
        int error = path switch
        {
            null => NotOwn,
            "" => (flags & LibC.AT_EMPTY_PATH) != 0 ? Find(call, folder, out status) : NotOwn,
            _ => Find(call, folder, path, out status),
        };
        if (error == NotOwn && path is { Length: 0 })
        {
            return AnswerRetrieved(call, folder, result);
        }

        if (error != 0)
        {
            return error == NotOwn ? CallAnswer.Continue : error;
        }

        Span<byte> bytes = stackalloc byte[StatxSize];
        bytes.Clear();
        int size = call.Number == CallNumbers.statx ? WriteStatx(bytes, status) : WriteStat(bytes, status);
        return call.Memory(result).CopyTo(bytes[..size]);
    }

    /// <summary>Answers access(2) and its kind: everybody is root.</summary>
    public static CallAnswer AnswerAccess(TrappedCall call)
    {
        bool hasFolder = call.Number != CallNumbers.access;
        int folder = hasFolder ? call.Int(0) : PathName.WorkingFolder;
        string? path = call.Path(hasFolder ? 1 : 0);
        int error = path is null or "" ? NotOwn : Find(call, folder, path, out _);
        return error == NotOwn ? CallAnswer.Continue : error;
    }

    /// <summary>Answers fstatfs(2) of an emulated file.</summary>
    public static CallAnswer AnswerFileSystem(TrappedCall call)
    {
        if (call.Find(call.Int(0)) is not { } file)
        {
            return CallAnswer.Continue;
        }

        // simple_statfs() of fs/libfs.c.
        FileStatus status = file.Status();
        Span<byte> bytes = stackalloc byte[StatFsSize];
        bytes.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, status.FileSystemType);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], 4096);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], 255);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[72..], 4096);
        return call.Memory(1).CopyTo(bytes);
    }

    /// <summary>Answers uname(2): all is the host's but the release.</summary>
    public static CallAnswer AnswerName(TrappedCall call)
    {
        Span<byte> name = stackalloc byte[NameSize];
        name.Clear();
        Put(name, 0, "Linux");
        Put(name, 1, Environment.MachineName);
        Put(name, 2, call.System.Release);
        Put(name, 3, "#1 SMP emulated by LuoInterop");
        Put(name, 4, "x86_64");
        Put(name, 5, "(none)");
        return call.Memory(0).CopyTo(name);

        static void Put(Span<byte> name, int field, string text) =>
            Encoding.UTF8.TryGetBytes(text, name.Slice(field * NameField, NameField - 1), out _);
    }

    // 0, ENOENT for what this kernel does not have, whatever the host has; or that it is the host's.
    private static int Find(TrappedCall call, int folder, string path, out FileStatus status)
    {
        status = default;
        if (!call.Kernel.MayOwn(path, everything: true) || PathName.Resolve(call.Process, folder, path) is not { } full)
        {
            return NotOwn;
        }

        lock (call.System.Lock)
        {
            if (call.Kernel.IsDevice(full))
            {
                status = call.System.Device?.Status() ?? default;
                return call.System.Device is null ? Refused.ENOENT : 0;
            }

            if (!call.System.Files.Owns(full))
            {
                return NotOwn;
            }

            int error = call.System.Files.Open(full, LibC.O_RDONLY, out OpenFile? file);
            status = file?.Status() ?? default;
            return error;
        }
    }

    private static int Find(TrappedCall call, int fd, out FileStatus status)
    {
        OpenFile? file = call.Find(fd);
        status = file?.Status() ?? default;
        return file is null ? NotOwn : 0;
    }

    // A retrieved file has the mode that it had when it was preserved, where the host's file cannot have it. All else is the host's.
    private static CallAnswer AnswerRetrieved(TrappedCall call, int fd, int result)
    {
        const int ModeOfStat = 24;
        const int ModeOfStatx = 28;
        int copy = call.System.Inodes.IsEmpty ? -1 : RemoteProcess.Duplicate(call.Process, fd);
        if (copy < 0)
        {
            return CallAnswer.Continue;
        }

        using var file = new SafeFileHandle(copy, ownsHandle: true);
        uint mode;
        statx host;
        lock (call.System.Lock)
        {
            if (call.System.Inodes.Find(copy, out host) is not { Mode: { } kept })
            {
                return CallAnswer.Continue;
            }

            mode = kept;
        }

        Span<byte> bytes = stackalloc byte[StatxSize];
        bytes.Clear();
        bool isStatx = call.Number == CallNumbers.statx;
        if (isStatx)
        {
            System.Runtime.InteropServices.MemoryMarshal.Write(bytes, host);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[ModeOfStatx..], (ushort)mode);
        }
        else
        {
            _ = WriteStat(bytes, new FileStatus(
                0, host.stx_dev_minor | (host.stx_dev_major << 8), host.stx_ino, host.stx_nlink, mode, host.stx_uid, host.stx_gid,
                (long)(ulong)host.stx_size, (long)(ulong)host.stx_blocks));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[ModeOfStat..], mode);
            WriteTime(bytes[72..], host.stx_atime);
            WriteTime(bytes[88..], host.stx_mtime);
            WriteTime(bytes[104..], host.stx_ctime);
        }

        return call.Memory(result).CopyTo(bytes[..(isStatx ? StatxSize : StatSize)]);
    }

    private static void WriteTime(Span<byte> bytes, statx_timestamp time)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, time.tv_sec);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], time.tv_nsec);
    }

    private static int WriteStat(Span<byte> bytes, FileStatus status)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, status.Device);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], status.Inode);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], status.Links);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], status.Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], status.UserId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[32..], status.GroupId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], IsDevice(status) ? DeviceNumber : 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], status.Size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[56..], status.BlockSize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], status.Blocks);
        return StatSize;
    }

    private static int WriteStatx(Span<byte> bytes, FileStatus status)
    {
        const uint Basic = 0x7ff;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Basic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)status.BlockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], status.Links);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], status.UserId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], status.GroupId);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[28..], (ushort)status.Mode);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], status.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], status.Size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], status.Blocks);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[128..], IsDevice(status) ? MiscMajor : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[132..], IsDevice(status) ? DynamicMinor : 0);
        return StatxSize;
    }

    private static bool IsDevice(FileStatus status) => (status.Mode & FileTypeMask) == CharacterDevice;

    // new_encode_dev() of include/linux/kdev_t.h.
    private static uint DeviceNumber => (DynamicMinor & 0xff) | (MiscMajor << 8) | ((DynamicMinor & ~0xffu) << 12);
}
