using System.Collections;
using System.Runtime.InteropServices;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Tests.Hostile;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Hands over and takes back, and says what the process is like before and after.</summary>
internal static unsafe partial class UseProgram
{
    // What the process is like to others and to its own calls; what the runtime does meanwhile (threads, memory) is not among it.
    private static readonly string[] Status =
        ["Umask:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:", "CapEff:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:",
            "Mems_allowed:", "Uid:", "Gid:"];

    public static int Run()
    {
        // The runtime takes some things when they are first used.
        Use();
        string[] before = Describe();
        Use();
        string[] after = Describe();
        foreach (string line in before.Except(after))
        {
            Console.WriteLine("- " + line);
        }

        foreach (string line in after.Except(before))
        {
            Console.WriteLine("+ " + line);
        }

        Console.WriteLine($"{before.Length} lines");
        return 0;
    }

    /// <summary>Retrieves a file of 4 MiB, whose pages have to be copied, where files may have 1 MiB: prints what it gets.</summary>
    public static int RetrieveMoreThanFilesMayHave()
    {
        using var left = new HandedOver(hugeBytes: 4 << 20);
        using var other = new EmulatedMachine(left.Machine.Options, left.Memory, left.Machine.Handover!.Value);
        EmulatedProcess kernel = other.Boot();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.RetrieveSession(device, "huge");
        rlimit limit;
        Assert.Equal(0, ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_FSIZE, null, &limit));
        limit.rlim_cur = 1 << 20;
        Assert.Equal(0, ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_FSIZE, &limit, null));
        Console.WriteLine(kernel.TryRetrieve(session, 0, out _));
        return 0;
    }

    private static void Use()
    {
        using var left = new HandedOver(sessions: 2, files: 2, hugeBytes: 2 << 20);
        EmulatedProcess kernel = left.Machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.RetrieveSession(device, HandedOver.First);
        using (Descriptor file = kernel.Retrieve(session, HandedOver.Sealed))
        {
            Assert.Equal(0x1ffU, kernel.Status(file).Mode & 0x1ff);
        }

        Assert.Equal(0, kernel.Finish(session));
    }

    private static string[] Describe() =>
    [
        .. File.ReadLines("/proc/self/status")
            .Where(static line => Array.Exists(Status, name => line.StartsWith(name, StringComparison.Ordinal))),
        .. File.ReadLines("/proc/self/limits"),
        .. File.ReadLines("/proc/locks").Where(static line => line.Contains($" {Environment.ProcessId} ", StringComparison.Ordinal))
            .Select(static line => "lock" + line[line.IndexOf(':', StringComparison.Ordinal)..]),
        .. Directory.GetFiles("/proc/self/fd").Select(static path => new FileInfo(path).LinkTarget ?? "")
            .Where(static target => target.StartsWith("/memfd:", StringComparison.Ordinal)
                || target.StartsWith("/tmp", StringComparison.Ordinal)
                || target.StartsWith("/dev", StringComparison.Ordinal))
            .Select(static target => "descriptor " + target),
        .. File.ReadLines("/proc/self/maps")
            .Where(static line =>
                line.Contains("/memfd:", StringComparison.Ordinal) && !line.Contains("doublemapper", StringComparison.Ordinal)),
        .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(static entry => $"environment {entry.Key}={entry.Value}"),
        $"folder {Environment.CurrentDirectory}",
        $"oom_score_adj {File.ReadAllText("/proc/self/oom_score_adj").Trim()}",
    ];
}
