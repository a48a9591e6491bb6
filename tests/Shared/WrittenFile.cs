using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Tests.Shared;

/// <summary>Writes files that a kernel is to load, or to execute.</summary>
internal static class WrittenFile
{
    /// <summary>Writes a file, and returns when nobody has it open for writing.</summary>
    public static void Write(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        WaitForItsWriters(path);
    }

    /// <summary>Writes a program, which can be executed then.</summary>
    public static void WriteProgram(string path, string text)
    {
        Write(path, Encoding.UTF8.GetBytes(text));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Returns when nobody has a file open for writing.</summary>
    /// <remarks>A process that is being started has, until it execs, every file that this one had open then: while another test starts
    /// one, the file still has a writer when it is closed here, and kexec_file_load(2) and execve(2) answer ETXTBSY. A lease for
    /// reading is refused as long (fcntl(2), EAGAIN).</remarks>
    public static void WaitForItsWriters(string path)
    {
        using SafeFileHandle written = File.OpenHandle(path);
        int result;
        while ((result = LibC.fcntl((int)written.DangerousGetHandle(), LibC.F_SETLEASE, LibC.F_RDLCK)) < 0
            && Marshal.GetLastPInvokeError() == LibC.EAGAIN)
        {
            Thread.Sleep(1);
        }

        Assert.Equal(0, result);
    }
}
