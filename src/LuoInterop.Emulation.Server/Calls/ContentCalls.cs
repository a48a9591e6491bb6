using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;
using LuoInterop.Shared.Tracing;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers what changes and reads files: of emulated files, and of memory files that are preserved, retrieved or sealed.</summary>
/// <remarks>ftruncate(2), fallocate(2) and F_ADD_SEALS always come here; where everything is trapped, also read(2), write(2), pread(2),
/// pwrite(2), lseek(2), mmap(2), fchmod(2), F_GET_SEALS, F_GETFL and F_SETFL.</remarks>
internal static class ContentCalls
{
    // A longer write is a short one, as Linux may make any.
    private const ulong LargestWrite = 64 << 20;

    public static CallAnswer Answer(TrappedCall call)
    {
        int fd = call.Int(0);
        if (call.Number == CallNumbers.fcntl && call.Int(1) == FcntlHeader.F_SETFL)
        {
            // The host keeps them, with the socket that stands for the file.
            return call.Find(fd) is PathFile ? Refused.EBADF : CallAnswer.Continue;
        }

        if (call.IsEmulated(fd))
        {
            using var emulated = new SafeFileHandle(fd, ownsHandle: false);
            return Perform(call, call.Caller, emulated);
        }

        // A seal is remembered: it decides about later writes.
        bool seals = call.Number == CallNumbers.fcntl && call.Int(1) == FcntlHeader.F_ADD_SEALS;
        if (call.System.Inodes.IsEmpty && !seals)
        {
            return CallAnswer.Continue;
        }

        int copy = RemoteProcess.Duplicate(call.Process, fd);
        if (copy < 0)
        {
            return CallAnswer.Continue;
        }

        // The descriptor shares its position and flags with the program's.
        using var file = new SafeFileHandle(copy, ownsHandle: true);
        return seals || IsKnown(call, copy)
            ? Perform(call, call.Own, file)
            : CallAnswer.Continue;
    }

    /// <summary>Answers what is asked of emulated files alone: read(2), lseek(2) and mmap(2).</summary>
    public static CallAnswer AnswerOfEmulated(TrappedCall call)
    {
        int fd = call.Int(call.Number == CallNumbers.mmap ? 4 : 0);
        if (!call.IsEmulated(fd))
        {
            return CallAnswer.Continue;
        }

        using var file = new SafeFileHandle(fd, ownsHandle: false);
        return call.Number switch
        {
            CallNumbers.read => call.Caller.Read(file, []),
            CallNumbers.lseek => call.Caller.LSeek(file, (long)call.Address(1), (SeekOrigin)call.Int(2)),
            _ => call.Caller.MMap((nuint)call.Address(1), call.Int(2), call.Int(3), file, (long)call.Address(5)),
        };
    }

    private static bool IsKnown(TrappedCall call, int fd)
    {
        lock (call.System.Lock)
        {
            return call.System.Inodes.Find(fd, out _) is not null;
        }
    }

    private static CallAnswer Perform(TrappedCall call, EmulatedProcess process, SafeFileHandle file)
    {
        if (call.Kernel.Trace is not { } trace)
        {
            return Answer(call, process, file);
        }

        TracedFile name = trace.Find(call, call.Int(0));
        long position = process == call.Own && call.Number == CallNumbers.write
            ? (long)LibC.lseek((int)file.DangerousGetHandle(), 0, LibC.SEEK_CUR)
            : -1;
        CallAnswer answer = Answer(call, process, file);
        if (answer.Outcome == CallOutcome.Return)
        {
            trace.Changed(call, name, position, answer.Value);
        }

        return answer;
    }

    private static CallAnswer Answer(TrappedCall call, EmulatedProcess process, SafeFileHandle file) => call.Number switch
    {
        CallNumbers.ftruncate => process.FTruncate(file, (long)call.Address(1)),
        CallNumbers.fallocate => process.FAllocate(file, call.Int(1), (long)call.Address(2), (long)call.Address(3)),
        CallNumbers.fchmod => process.FChmod(file, (uint)call.Int(1)),
        CallNumbers.fcntl when process == call.Caller && call.Int(1) == FcntlHeader.F_GETFL => FlagsOfEmulated(call),
        CallNumbers.fcntl => process.Fcntl(file, call.Int(1), call.Int(2)),
        CallNumbers.pread64 => process == call.Own ? CallAnswer.Continue : process.PRead(file, [], (long)call.Address(3)),
        _ => Write(call, process, file),
    };

    private static CallAnswer FlagsOfEmulated(TrappedCall call)
    {
        if (call.Find(call.Int(0)) is PathFile place)
        {
            return place.Flags;
        }

        int copy = RemoteProcess.Duplicate(call.Process, call.Int(0));
        if (copy < 0)
        {
            return CallAnswer.Continue;
        }

        using var socket = new SafeFileHandle(copy, ownsHandle: true);
        int own = LibC.O_ACCMODE | FcntlHeader.O_LARGEFILE;
        return (LibC.fcntl(copy, FcntlHeader.F_GETFL, 0) & ~own) | (call.Find(call.Int(0))?.Flags & own ?? 0);
    }

    private static CallAnswer Write(TrappedCall call, EmulatedProcess process, SafeFileHandle file)
    {
        byte[] bytes = new byte[(int)Math.Min(call.Address(2), LargestWrite)];
        return call.Memory(1).CopyFrom(bytes) != 0 ? CallAnswer.Continue
            : call.Number == CallNumbers.write ? process.Write(file, bytes)
            : process.PWrite(file, bytes, (long)call.Address(3));
    }
}
