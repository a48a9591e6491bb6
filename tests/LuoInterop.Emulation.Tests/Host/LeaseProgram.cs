using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Asks again and again what the emulation asks the host by a lease, and counts the answers.</summary>
internal static class LeaseProgram
{
    /// <summary>Asks whether an image can be read, which nobody may have open for writing.</summary>
    public static int AskForWriters(string path, int times)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int free = 0, busy = 0;
        Console.WriteLine("asks");
        for (int i = 0; i < times; i++)
        {
            int error = BzImage.CheckReadable(file);
            free += error == 0 ? 1 : 0;
            busy += error == Luo.ETXTBSY ? 1 : 0;
        }

        Console.WriteLine($"{free} {busy}");
        return 0;
    }

    /// <summary>Asks whether anybody else has a memory file open.</summary>
    public static unsafe int AskForOthers(int times)
    {
        using SafeFileHandle made = CreateMemory();
        int own = HostFile.Reopen((int)made.DangerousGetHandle(), LibC.O_RDWR | LibC.O_CLOEXEC);
        int alone = 0, others = 0;
        Console.WriteLine($"/proc/{Environment.ProcessId}/fd/{own}");
        for (int i = 0; i < times; i++)
        {
            if (HostLease.IsOpenHereOnly(own))
            {
                alone++;
            }
            else
            {
                others++;
            }
        }

        Console.WriteLine($"{alone} {others}");
        return 0;
    }

    private static unsafe SafeFileHandle CreateMemory()
    {
        // SAFETY: the compiler ends UTF-8 literals with a NUL.
        fixed (byte* name = "asked"u8)
        {
            return new SafeFileHandle(LibC.memfd_create(name, LibC.MFD_CLOEXEC), ownsHandle: true);
        }
    }
}
