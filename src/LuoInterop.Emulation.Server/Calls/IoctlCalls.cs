using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Emulation.Server.Trace;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers ioctl(2).</summary>
internal static class IoctlCalls
{
    // include/uapi/linux/sockios.h.
    private const uint SetInterfaceFlags = 0x8914;
    private const uint StrayType = 0xf6;

    public static CallAnswer Answer(TrappedCall call)
    {
        int fd = call.Int(0);
        uint request = unchecked((uint)call.Address(1));
        if (request == SetInterfaceFlags)
        {
            // kexec -e takes the interfaces down before it jumps. They are the host's, and stay up.
            call.Kernel.Tell(ProgramEventKind.Note, "the program changes a network interface of the host; nothing is done");
            return 0;
        }

        if (request >> 8 == StrayType)
        {
            return AnswerStray(call, fd);
        }

        if (request is IoctlsHeader.FIOCLEX or IoctlsHeader.FIONCLEX or IoctlsHeader.FIONBIO)
        {
            // Flags of the descriptor are kept where it is.
            return call.Find(fd) is PathFile ? Refused.EBADF : CallAnswer.Continue;
        }

        if (TryAnswer(call, fd, request, out int result))
        {
            return result;
        }

        if (request >> 8 != LiveUpdateHeader.LIVEUPDATE_IOCTL_TYPE
            || RemoteProcess.FindLink(call.Process, fd) != call.System.Options.DevicePath
            || RemoteProcess.IsPlace(call.Process, fd))
        {
            return CallAnswer.Continue;
        }

        // It was opened by a call that is not trapped: for reading, or by a link. It takes the place of the node that shows the path.
        call.Replace(fd);
        int closing = RemoteProcess.IsCloseOnExec(call.Process, fd) ? LibC.O_CLOEXEC : 0;
        int opened = call.Caller.Open(call.System.Options.DevicePath, LibC.O_RDWR | closing);
        call.Kernel.Trace?.Opened(call, LibC.O_RDWR | closing, opened);
        return opened < 0 ? opened
            : TryAnswer(call, fd, request, out result) ? result
            : Refused.ENOTTY;
    }

    private static bool TryAnswer(TrappedCall call, int fd, uint request, out int result)
    {
        if (call.Kernel.Trace is not { } trace || !call.IsEmulated(fd))
        {
            return call.Caller.TryIoctl(fd, request, call.Memory(2), out result);
        }

        TracedIoctl asked = trace.Asked(call, request);
        bool isAnswered = call.Caller.TryIoctl(fd, request, call.Memory(2), out result);
        if (isAnswered)
        {
            trace.Answered(call, asked, result);
        }

        return isAnswered;
    }

    private static CallAnswer AnswerStray(TrappedCall call, int fd)
    {
        if (!call.IsEmulated(fd))
        {
            return CallAnswer.Continue;
        }

        call.Kernel.Tell(
            ProgramEventKind.Note,
            "the program was built with a header whose ioctl numbers have the type 0xF6; Linux has 0xBA (include/uapi/linux/liveupdate.h)");
        return Refused.ENOTTY;
    }
}
