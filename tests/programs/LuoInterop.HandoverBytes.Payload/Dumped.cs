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

    /// <summary>The next kernel's program retrieves the files of <see cref="Retrieved"/>, keeps them open, and waits.</summary>
    public const string Retrieving = "retrieving";

    /// <summary>The kernel that hands over stays where it shuts its devices down: its sessions are written down.</summary>
    public const string Leaving = "leaving";

    /// <summary>What that kernel says of the first device that it shuts down; the next one comes ten seconds later.</summary>
    public const string ShutsDown = ": shutdown";

    /// <summary>The session whose files <see cref="Retrieving"/> takes.</summary>
    public const string Retrieved = "sizes";

    /// <summary>The file that <see cref="Retrieving"/> sends: where in memory each page of the largest of these is, 8 bytes each.</summary>
    public const string Frames = "frames";

    /// <summary>The file that the kernel which is dumped sends: where its words on itself are, <c>/sys/kernel/vmcoreinfo</c>.</summary>
    public const string Note = "vmcoreinfo";

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
            List<object> kept = mode == Retrieving ? [.. Retrieve(guest)] : [];
            SendNote(guest);
            Console.WriteLine(mode);
            Guest.Flush();
            Thread.Sleep(Timeout.Infinite);
            GC.KeepAlive(kept);
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
        if (mode == Leaving)
        {
            SendNote(guest);

            // drivers/base/core.c, device_shutdown: each device has its line, and each line waits first.
            File.WriteAllText("/proc/sys/kernel/printk", "7");
            File.WriteAllText("/sys/module/kernel/parameters/initcall_debug", "Y");
            Guest.Flush();
            File.WriteAllText("/proc/sys/kernel/printk_delay", "10000");
        }

        Guest.Kexec();
        return 1;
    }

    private static void SendNote(Guest guest)
    {
        using var note = new MemoryStream(Encoding.ASCII.GetBytes(File.ReadAllText("/sys/kernel/vmcoreinfo")));
        guest.SendFile(Note, note);
    }

    // The device stays open, as the session and the files do.
    private static List<object> Retrieve(Guest guest)
    {
        LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        LiveUpdateSession session = device.RetrieveSession(Retrieved);
        Memfd[] files = [.. Sessions.Sizes.Select((_, i) => session.RetrieveMemfd(Sessions.Token(i, Sessions.Sizes.Count)))];
        using var frames = new MemoryStream(FramesOf(files[^1]));
        guest.SendFile(Frames, frames);
        return [device, session, .. files];
    }

    // Documentation/admin-guide/mm/pagemap.rst: 8 bytes for each page, of which the low 55 bits are the frame's number.
    private static unsafe byte[] FramesOf(Memfd file)
    {
        using MemfdMapping mapping = file.Map(0, file.Size);
        mapping.Populate();
        byte[] entries = new byte[(file.Size + 4095) / 4096 * sizeof(ulong)];
        using FileStream map = File.OpenRead("/proc/self/pagemap");
        map.Position = (long)((ulong)mapping.Address / 4096 * sizeof(ulong));
        map.ReadExactly(entries);
        Span<ulong> frames = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(entries.AsSpan());
        for (int i = 0; i < frames.Length; i++)
        {
            frames[i] = (frames[i] & ((1UL << 55) - 1)) * 4096;
        }

        return entries;
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
