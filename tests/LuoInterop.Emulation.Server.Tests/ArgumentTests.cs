using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Server.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Makes the same ioctls from a program and on the emulated kernel itself: sizes, tails, addresses and numbers of every kind
/// are answered alike, and leave the same bytes.</summary>
public sealed class ArgumentTests
{
    private const int Page = 4096;
    private const uint StandsForFile = 0x4d4d4d4d;
    private const int Random = 700;
    private static readonly string[] s_places = ["ok", "ok", "ok", "ok", "end", "readonly", "null", "none", "high"];
    private static readonly uint[] s_requests = [0xba00, 0xba01, 0xba40, 0xba41, 0xba42, 0xba43, 0xba02, 0xba44, 0xc008ba42, 0xbb00];

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Program_IsAnsweredAsTheKernelItselfAnswers(bool trapsEverything)
    {
        string[] cases = [.. Cases(trapsEverything)];
        string list = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(list, cases);
            await using ProgramMachine machine = Machines.Make(trapsEverything);
            string[] answers = Machines.Succeeded(await machine.FollowAsync(CProgram.Build("ask"), list)).TrimEnd().Split('\n');
            string[] expected = AskTheKernel(cases);

            Assert.Equal(expected.Length, answers.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.True(expected[i] == answers[i], $"{cases[i]}\nthe kernel itself: {expected[i]}\nto the program:    {answers[i]}");
            }

            // Every errno of the dispatch was among them.
            int[] seen = [.. answers.Select(static answer => int.Parse(answer.Split(' ')[0], CultureInfo.InvariantCulture)).Distinct()];
            Assert.Superset(
                new HashSet<int>([0, (int)Errno.EFAULT, (int)Errno.E2BIG, (int)Errno.EINVAL, (int)Errno.ENOTTY, (int)Errno.ENOENT]),
                seen.ToHashSet());
            await Machines.AssertNothingIsLeftAsync(machine);
        }
        finally
        {
            File.Delete(list);
        }
    }

    private static IEnumerable<string> Cases(bool trapsEverything)
    {
        // The last one has another type than LUO's: where the kernel's files are mounted such calls are not trapped, and are ENOTTY.
        int requests = trapsEverything ? s_requests.Length : s_requests.Length - 1;
        var random = new Random(15);
        for (int i = 0; i < Random; i++)
        {
            char target = "ddooii"[random.Next(6)];
            uint request = s_requests[random.Next(requests)];
            int known = (request & 0xff) switch { 0 or 1 or 0x43 => 72, 0x40 or 0x41 => 16, _ => 8 };
            int size = random.Next(4) == 0 ? random.Next(100) : known + (random.Next(3) == 0 ? random.Next(-8, 40) : 0);
            byte[] bytes = new byte[Math.Max(size, 4)];
            if (random.Next(4) == 0)
            {
                random.NextBytes(bytes.AsSpan()[random.Next(bytes.Length)..]);
            }

            BitConverter.TryWriteBytes(bytes, size);
            if (bytes.Length >= 16)
            {
                // Names or tokens that are known now and then.
                Encoding.ASCII.GetBytes(random.Next(3) == 0 ? "incoming" : "a\0").CopyTo(bytes, 8);
                BitConverter.TryWriteBytes(bytes.AsSpan(4), (request & 0xff) == 0x40 && random.Next(2) == 0 ? StandsForFile : 0);
                if ((request & 0xff) is 0x40 or 0x41 && random.Next(2) == 0)
                {
                    BitConverter.TryWriteBytes(bytes.AsSpan(8), 1UL);
                }
            }

            string place = s_places[random.Next(s_places.Length)];

            // A structure that reaches past the last byte that is there.
            int given = place == "end" && random.Next(2) == 0 ? random.Next(1, bytes.Length + 1) : bytes.Length;
            yield return $"{target} {request:x} {place} {Convert.ToHexStringLower(bytes.AsSpan(0, given))}";
        }
    }

    private static unsafe string[] AskTheKernel(string[] cases)
    {
        using var machine = new EmulatedMachine();
        Kernel kernel = machine.Boot();
        using (LiveUpdateDevice first = LiveUpdateDevice.Open(kernel))
        {
            LiveUpdateSession session = first.CreateSession("incoming");
            using SafeFileHandle preserved = Text(kernel, 0);
            session.Preserve(preserved, 1);
            session.HoldUntilKexec();
            string image = Path.GetTempFileName();
            EmulatedKernelImage.Write(image, kernel.Release);
            _ = KexecImage.Load(kernel, image, null, kernel.CommandLine, KexecLoadOptions.DespitePredictedLoss);
            File.Delete(image);
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(0x45584543));
        }

        kernel = machine.Boot();
        int device = kernel.Open("/dev/liveupdate", LibC.O_RDWR);
        using var deviceHandle = new SafeFileHandle(device, ownsHandle: false);
        int incoming = Session(kernel, deviceHandle, 0xba01, "incoming"), outgoing = Session(kernel, deviceHandle, 0xba00, "outgoing");
        using var incomingHandle = new SafeFileHandle(incoming, ownsHandle: false);
        using var outgoingHandle = new SafeFileHandle(outgoing, ownsHandle: false);
        using SafeFileHandle text = Text(kernel, 600);
        byte* pages = (byte*)LibC.mmap(
            null, 8 * Page, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0);
        Assert.Equal(0, LibC.mprotect(pages + (4 * Page), Page, LibC.PROT_NONE));
        Assert.Equal(0, LibC.mprotect(pages + Page, Page, LibC.PROT_READ));
        var answers = new string[cases.Length];
        for (int i = 0; i < cases.Length; i++)
        {
            string[] words = cases[i].Split(' ');
            SafeFileHandle target = words[0] == "d" ? deviceHandle : words[0] == "o" ? outgoingHandle : incomingHandle;
            answers[i] = Ask(
                kernel, target, (int)text.DangerousGetHandle(), Convert.ToUInt32(words[1], 16), words[2], Convert.FromHexString(words[3]),
                pages);
        }

        _ = LibC.munmap(pages, 8 * Page);
        return answers;
    }

    private static unsafe string Ask(Kernel kernel, SafeFileHandle target, int file, uint request, string place, byte[] bytes, byte* pages)
    {
        if (bytes.Length >= 8 && BitConverter.ToUInt32(bytes, 4) == StandsForFile)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(4), file);
        }

        byte* at = place switch
        {
            "null" => null,
            "high" => (byte*)0xffff800000000000,
            "readonly" => pages + Page,
            "end" => pages + (4 * Page) - bytes.Length,
            "none" => pages + (4 * Page),
            _ => pages + 64,
        };
        if (place == "readonly")
        {
            _ = LibC.mprotect(at, Page, LibC.PROT_READ | LibC.PROT_WRITE);
            bytes.CopyTo(new Span<byte>(at, Page));
            _ = LibC.mprotect(at, Page, LibC.PROT_READ);
        }
        else if (place is "ok" or "end")
        {
            bytes.CopyTo(new Span<byte>(at, bytes.Length));
        }

        int error = -kernel.Ioctl(target, request, (nint)at);
        if (place is not ("ok" or "end"))
        {
            return $"{error}";
        }

        var left = new Span<byte>(at, bytes.Length);
        if (left.Length >= 8)
        {
            int given = BitConverter.ToInt32(left[4..]);
            if (given == file)
            {
                BitConverter.TryWriteBytes(left[4..], StandsForFile);
            }
            else if (error == 0 && request is 0xba00 or 0xba01 or 0xba41)
            {
                _ = kernel.Close(given);
                BitConverter.TryWriteBytes(left[4..], 0);
            }
        }

        return $"{error} {Convert.ToHexStringLower(left)}";
    }

    private static int Session(Kernel kernel, SafeFileHandle device, uint request, string name)
    {
        byte[] call = new byte[72];
        call[0] = 72;
        Encoding.ASCII.GetBytes(name).CopyTo(call, 8);
        Assert.Equal(0, kernel.Ioctl(device, request, call));
        return BitConverter.ToInt32(call, 4);
    }

    private static SafeFileHandle Text(Kernel kernel, int lowest)
    {
        using var file = new SafeFileHandle(kernel.MemfdCreate("carried", 3), ownsHandle: true);
        Assert.Equal(4, kernel.Write(file, "text"u8));
        return new SafeFileHandle(kernel.Fcntl(file, 1030, lowest), ownsHandle: true);
    }
}
