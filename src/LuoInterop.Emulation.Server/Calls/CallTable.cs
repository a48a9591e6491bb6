using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Finds who answers a trapped call, and what becomes of the machine by it.</summary>
internal static class CallTable
{
    // Copying so much takes as long as handing the turn over.
    private const ulong LongWrite = 64 << 10;

    /// <summary>Tells whether the answer may take its time: where content is copied or looked at, and where a kernel ends.</summary>
    public static bool IsLong(TrappedCall call) => call.Number switch
    {
        CallNumbers.ioctl => call.Address(1) is LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD
            or LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD or LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH,
        CallNumbers.write or CallNumbers.pwrite64 => call.Address(2) > LongWrite,
        CallNumbers.ftruncate or CallNumbers.fallocate or CallNumbers.madvise or CallNumbers.kexec_file_load or CallNumbers.reboot => true,
        _ => false,
    };

    /// <summary>Answers a call.</summary>
    public static CallAnswer Answer(TrappedCall call)
    {
        if (call.Kernel.Trace is not { } trace)
        {
            return AnswerUntraced(call);
        }

        lock (call.System.Lock)
        {
            CallAnswer answer = AnswerUntraced(call);
            if (trace.Failure is { } failure)
            {
                call.Kernel.Tell(ProgramEventKind.Note, $"the trace ends early, as it could not be written: {failure.Message}");
            }

            return answer;
        }
    }

    private static CallAnswer AnswerUntraced(TrappedCall call)
    {
        try
        {
            if (!IsLookingOnly(call.Number))
            {
                call.Kernel.Placeholders.CloseLost();
            }

            return Dispatch(call);
        }
        catch (EmulatedRebootException end)
        {
            // Every process ends, this one too.
            call.Kernel.End(end);
            return CallAnswer.Never;
        }
        catch (EmulatedKillException)
        {
            RemoteProcess.Kill(call.Process);
            call.Renew();
            return CallAnswer.Never;
        }
    }

    // What is closed meanwhile makes no difference to these; those who open look themselves, once the path is the kernel's.
    private static bool IsLookingOnly(int number) => number is CallNumbers.read or CallNumbers.lseek or CallNumbers.mmap
        or CallNumbers.openat or CallNumbers.open or CallNumbers.creat
        or CallNumbers.openat2 or CallNumbers.readlink or CallNumbers.readlinkat or CallNumbers.fstatfs or CallNumbers.uname
        or CallNumbers.stat or CallNumbers.lstat or CallNumbers.fstat or CallNumbers.newfstatat or CallNumbers.statx
        or CallNumbers.access or CallNumbers.faccessat or CallNumbers.faccessat2;

    private static CallAnswer Dispatch(TrappedCall call) => call.Number switch
    {
        CallNumbers.ioctl => IoctlCalls.Answer(call),
        CallNumbers.openat => OpenCalls.Answer(call, call.Int(0), call.Path(1), call.Int(2)),
        CallNumbers.open => OpenCalls.Answer(call, PathName.WorkingFolder, call.Path(0), call.Int(1)),
        CallNumbers.creat => OpenCalls.Answer(call, PathName.WorkingFolder, call.Path(0), OpenCalls.FlagsOfCreat),
        CallNumbers.openat2 => OpenCalls.AnswerStructure(call),
        CallNumbers.readlink => LinkCalls.Answer(call, PathName.WorkingFolder, call.Path(0), call.Address(1), call.Address(2)),
        CallNumbers.readlinkat => LinkCalls.Answer(call, call.Int(0), call.Path(1), call.Address(2), call.Address(3)),
        CallNumbers.fstatfs => StatusCalls.AnswerFileSystem(call),
        CallNumbers.ftruncate or CallNumbers.fallocate or CallNumbers.fcntl or CallNumbers.write or CallNumbers.pread64
            or CallNumbers.pwrite64 or CallNumbers.fchmod => ContentCalls.Answer(call),
        CallNumbers.read or CallNumbers.lseek or CallNumbers.mmap => ContentCalls.AnswerOfEmulated(call),
        CallNumbers.madvise => MappingCalls.Answer(call),
        CallNumbers.kexec_file_load => KexecCalls.AnswerFileLoad(call),
        CallNumbers.kexec_load => KexecCalls.AnswerLoad(call),
        CallNumbers.reboot => RebootCalls.Answer(call),
        CallNumbers.uname => StatusCalls.AnswerName(call),
        CallNumbers.stat or CallNumbers.lstat or CallNumbers.fstat or CallNumbers.newfstatat or CallNumbers.statx =>
            StatusCalls.Answer(call),
        CallNumbers.access or CallNumbers.faccessat or CallNumbers.faccessat2 => StatusCalls.AnswerAccess(call),
        _ => CallAnswer.Continue,
    };
}
