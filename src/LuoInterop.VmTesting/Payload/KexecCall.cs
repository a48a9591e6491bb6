using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;

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
                Libc.syscall(
                    UnistdHeader.NR_kexec_file_load, (int)kernelFile.DangerousGetHandle(), (int)initrdFile.DangerousGetHandle(), line.Length, (nint)text, 0),
                "kexec_file_load");
        }
    }

    internal static void Reboot()
    {
        Check(
            Libc.syscall(UnistdHeader.NR_reboot, unchecked((int)RebootHeader.LINUX_REBOOT_MAGIC1), (nint)RebootHeader.LINUX_REBOOT_MAGIC2, (nint)RebootHeader.LINUX_REBOOT_CMD_KEXEC, 0, 0),
            "reboot(LINUX_REBOOT_CMD_KEXEC)");
        throw new IOException("reboot(LINUX_REBOOT_CMD_KEXEC) returned without an error.");
    }

    private static void Check(nint result, string call)
    {
        if (result < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"{call}: {new Win32Exception(error).Message} (errno {error}).");
        }
    }
}
