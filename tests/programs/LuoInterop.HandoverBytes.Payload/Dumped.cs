using System.Globalization;
using System.Text;
using LuoInterop.VmTesting;

namespace LuoInterop.HandoverBytes.Payload;

/// <summary>Brings Linux to where its memory is dumped from outside: sessions are handed over, and not taken.</summary>
public static class Dumped
{
    /// <summary>The next kernel starts, and its program waits without opening the device.</summary>
    public const string Waiting = "waiting";

    /// <summary>The next kernel panics at its boot: 51 * n sessions and a create that fails leave a block that no kernel takes.</summary>
    public const string Panicking = "panicking";

    private const int SessionsOfABlock = 51;

    // include/uapi/linux/liveupdate.h: _IO(0xBA, 0), and 72 bytes of size, descriptor and name.
    private const int CreateSession = 0xba00;
    private const int CreateSessionSize = 72;
    private const int NameOffset = 8;

    /// <summary>Makes sessions and jumps; in the next kernel says the mode's name, and waits for ever.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static int Run(Guest guest, string mode)
    {
        ArgumentNullException.ThrowIfNull(guest);
        if (guest.Stage == 2)
        {
            Console.WriteLine(mode);
            Guest.Flush();
            Thread.Sleep(Timeout.Infinite);
        }

        List<MadeSession> made = [.. Sessions.Make(Kernel.Linux)];
        if (mode == Panicking)
        {
            using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
            for (int i = 0; made.Count % SessionsOfABlock != 0; i++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"more-{i}");
                device.CreateSession(name).HoldUntilKexec();
                made.Add(new MadeSession(name, []));
            }
        }

        using var told = new MemoryStream(Encoding.UTF8.GetBytes(MadeSession.Format(made)));
        guest.SendFile("made", told);
        if (mode == Panicking)
        {
            CreateAgain(made[0].Name);
        }

        guest.KexecFileLoad();
        Guest.Kexec();
        return 1;
    }

    // Past the library, which knows the fault and keeps out of it.
    private static void CreateAgain(string name)
    {
        Span<byte> argument = stackalloc byte[CreateSessionSize];
        argument.Clear();
        argument[0] = CreateSessionSize;
        Encoding.ASCII.GetBytes(name, argument[NameOffset..]);
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        int result = Kernel.Linux.Ioctl(device.Handle, CreateSession, argument);
        if (result != -(int)Errno.EEXIST)
        {
            throw new IOException($"A second session of one name: {result}.");
        }
    }
}
