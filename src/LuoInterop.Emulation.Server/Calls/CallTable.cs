using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Finds who answers a trapped call, and what becomes of the machine by it.</summary>
internal static class CallTable
{
    /// <summary>Tells whether the answer may take its time: where content is copied or looked at, and where a kernel ends.</summary>
    public static bool IsLong(TrappedCall call) => call.Number switch
    {
        CallNumbers.ioctl => call.Address(1) is LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD
            or LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD or LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH,
        CallNumbers.ftruncate or CallNumbers.fallocate or CallNumbers.write or CallNumbers.pwrite64 or CallNumbers.madvise
            or CallNumbers.kexec_file_load or CallNumbers.reboot => true,
        _ => false,
    };

    /// <summary>Answers a call.</summary>
    public static CallAnswer Answer(TrappedCall call)
    {
        try
        {
            call.Kernel.Placeholders.CloseLost();
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
