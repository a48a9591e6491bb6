using System.Buffers.Binary;
using System.Globalization;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers open(2) and its kind: of the device, and of the kernel's own files where these are not mounted.</summary>
internal static class OpenCalls
{
    /// <summary>Gets the flags that creat(2) stands for.</summary>
    public static int FlagsOfCreat => LibC.O_CREAT | LibC.O_WRONLY | LibC.O_TRUNC;

    /// <summary>Answers an open of a path; null for one that cannot be read.</summary>
    public static CallAnswer Answer(TrappedCall call, int folder, string? path, int flags)
    {
        if ((flags & LibC.O_PATH) != 0 && !call.TrapsEverything)
        {
            // The host has the path, and its descriptor is what it is on Linux.
            call.Kernel.Placeholders.MayHavePlaces = true;
            return CallAnswer.Continue;
        }

        if (path is null or "" || !(char.IsAsciiDigit(path[^1]) || call.Kernel.MayOwn(path, call.TrapsEverything))
            || PathName.Resolve(call.Process, folder, path) is not { } full)
        {
            return CallAnswer.Continue;
        }

        call.Kernel.Placeholders.CloseLost();
        if (PathName.Descriptor(call.Process, full) is { } link)
        {
            return Reopen(call, link.Process, link.Fd, flags);
        }

        if (call.Kernel.IsDevice(full))
        {
            int fd = call.Caller.Open(full, flags);
            call.Kernel.Trace?.Opened(call, flags, fd);
            return fd;
        }

        return call.TrapsEverything && call.System.Files.Owns(full) ? OpenKernelFile(call, full, flags) : CallAnswer.Continue;
    }

    /// <summary>Answers openat2(2), whose flags are the first word of a structure.</summary>
    public static CallAnswer AnswerStructure(TrappedCall call)
    {
        Span<byte> flags = stackalloc byte[sizeof(ulong)];
        return call.Memory(2).CopyFrom(flags) != 0
            ? CallAnswer.Continue
            : Answer(call, call.Int(0), call.Path(1), (int)BinaryPrimitives.ReadUInt64LittleEndian(flags));
    }

    // The file of a descriptor is opened anew: the device may be in use, and a preserved file cannot be emptied.
    private static CallAnswer Reopen(TrappedCall call, int process, int fd, int flags)
    {
        ulong socket = RemoteProcess.FindSocket(process, fd);
        if (call.Kernel.Placeholders.Find(socket) is { } emulated)
        {
            int result = (flags & LibC.O_PATH) != 0
                ? call.Place(new PathFile(emulated.LinkText, emulated.Status()), (flags & LibC.O_CLOEXEC) != 0)
                : emulated.HasPath ? call.Caller.Open(emulated.LinkText, flags)
                : Refused.ENXIO;
            call.Kernel.Trace?.Reopened(call, socket, flags, result);
            return result;
        }

        if ((flags & LibC.O_TRUNC) == 0 || call.System.Inodes.IsEmpty)
        {
            return CallAnswer.Continue;
        }

        int copy = RemoteProcess.Duplicate(process, fd);
        if (copy < 0)
        {
            return CallAnswer.Continue;
        }

        using var file = new SafeFileHandle(copy, ownsHandle: true);
        lock (call.System.Lock)
        {
            if (call.System.Inodes.Find(copy, out _) is not { IsFrozen: true })
            {
                return CallAnswer.Continue;
            }
        }

        int opened = call.Own.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{copy}"), flags);
        if (opened < 0)
        {
            return opened;
        }

        using var own = new SafeFileHandle(opened, ownsHandle: true);
        return call.Listener.AddDescriptor(call.Notification, opened, (flags & LibC.O_CLOEXEC) != 0);
    }

    // A copy of what the file shows now: a program reads it as any file.
    private static CallAnswer OpenKernelFile(TrappedCall call, string path, int flags)
    {
        if ((flags & LibC.O_ACCMODE) != LibC.O_RDONLY || (flags & LibC.O_DIRECTORY) != 0)
        {
            return CallAnswer.Continue;
        }

        int error = call.Kernel.ReadFile(path, out byte[] content);
        if (error != 0)
        {
            return error == Refused.EISDIR ? CallAnswer.Continue : error;
        }

        using SafeFileHandle? copy = ContentFile.Create(Path.GetFileName(path), content);
        return copy is null
            ? Refused.ENOMEM
            : call.Listener.AddDescriptor(
                call.Notification, (int)copy.DangerousGetHandle(), (flags & LibC.O_CLOEXEC) != 0);
    }
}
