using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.VmTesting.Payload;

/// <summary>Makes the two calls that replace a kernel.</summary>
internal static class KexecCall
{
    internal static unsafe void FileLoad(string image, string initrd, string commandLine)
    {
        using SafeFileHandle kernelFile = File.OpenHandle(image);
        using SafeFileHandle initrdFile = File.OpenHandle(initrd);
        byte[] line = Encoding.UTF8.GetBytes(commandLine + "\0");

        // SAFETY: the line is pinned for the call and its length counts the NUL; both handles stay open until the method's end.
        fixed (byte* text = line)
        {
            Check(
                LibC.syscall(
                    (int)UnistdHeader.NR_kexec_file_load,
                    (int)kernelFile.DangerousGetHandle(),
                    (int)initrdFile.DangerousGetHandle(),
                    line.Length,
                    text,
                    0),
                "kexec_file_load");
        }
    }

    internal static void Reboot()
    {
        Check(
            LibC.syscall(
                (int)UnistdHeader.NR_reboot,
                RebootHeader.LINUX_REBOOT_MAGIC1,
                RebootHeader.LINUX_REBOOT_MAGIC2,
                RebootHeader.LINUX_REBOOT_CMD_KEXEC,
                0),
            "reboot(LINUX_REBOOT_CMD_KEXEC)");
        throw new IOException("reboot(LINUX_REBOOT_CMD_KEXEC) returned without an error.");
    }

    private static void Check(ssize_t returned, string call)
    {
        nint result = SystemCall.Result(returned);
        if (result < 0)
        {
            int error = -(int)result;
            throw new IOException($"{call}: {new Win32Exception(error).Message} (errno {error}).");
        }
    }
}
