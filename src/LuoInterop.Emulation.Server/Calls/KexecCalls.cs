using System.Text;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers kexec_file_load(2) and kexec_load(2).</summary>
internal static class KexecCalls
{
    // COMMAND_LINE_SIZE of x86: a longer text is refused in the end, whatever it says.
    private const int LongestCommandLine = 2048;

    public static CallAnswer AnswerFileLoad(TrappedCall call)
    {
        uint flags = unchecked((uint)call.Address(4));
        using SafeFileHandle kernel = Take(call, call.Int(0));
        using SafeFileHandle initrd = Take(call, call.Int(1));
        string line = "";
        int lineError = 0;
        if ((flags & KexecHeader.KEXEC_FILE_UNLOAD) == 0 && call.Address(2) > 0)
        {
            lineError = ReadCommandLine(call, out line);
        }

        // The command line is looked at last: a text that is too long lets everything before it be refused first.
        int result = call.Own.KexecFileLoad(kernel, initrd, lineError == 0 ? line : new string('x', 2 * LongestCommandLine), flags);
        if (lineError != 0 && result == Refused.EINVAL)
        {
            result = lineError;
        }

        call.Kernel.Refresh();
        call.Kernel.Trace?.Loaded(line, result);
        return result;
    }

    /// <summary>Refuses kexec_load(2): its segments are not looked into.</summary>
    public static CallAnswer AnswerLoad(TrappedCall call)
    {
        // No segments: what was loaded is unloaded.
        if (call.Address(1) == 0)
        {
            int result = call.Own.KexecFileLoad(null, null, "", KexecHeader.KEXEC_FILE_UNLOAD);
            call.Kernel.Refresh();
            return result;
        }

        call.Kernel.Tell(
            ProgramEventKind.Note,
            "kexec_load(2) is answered with ENOSYS: it tells the next kernel nothing of what is preserved; kexec_file_load(2) "
                + "does, which is kexec -s");
        return -(int)Errno.ENOSYS;
    }

    private static SafeFileHandle Take(TrappedCall call, int fd) => new(RemoteProcess.Duplicate(call.Process, fd), ownsHandle: true);

    // memdup_user() of the length that the caller says, whose last byte is to be a NUL.
    private static int ReadCommandLine(TrappedCall call, out string line)
    {
        line = "";
        ulong length = call.Address(2);
        if (length > LongestCommandLine)
        {
            return Refused.EINVAL;
        }

        byte[] bytes = new byte[length];
        if (call.Memory(3).CopyFrom(bytes) != 0)
        {
            return Refused.EFAULT;
        }

        if (bytes[^1] != 0)
        {
            return Refused.EINVAL;
        }

        line = Encoding.UTF8.GetString(bytes.AsSpan(0, bytes.AsSpan().IndexOf((byte)0)));
        return 0;
    }
}
