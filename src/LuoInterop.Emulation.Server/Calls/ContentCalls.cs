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
/// <remarks>ftruncate(2), fallocate(2) and F_ADD_SEALS always come here; where everything is trapped, also write(2), pread(2), pwrite(2),
/// fchmod(2), F_GET_SEALS and F_GETFL.</remarks>
internal static class ContentCalls
{
    // A longer write is a short one, as Linux may make any.
    private const ulong LargestWrite = 64 << 20;

    public static CallAnswer Answer(TrappedCall call)
    {
        int fd = call.Int(0);
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

    // What can be set is kept by the host, with the socket that stands for the file.
    private static CallAnswer FlagsOfEmulated(TrappedCall call)
    {
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
