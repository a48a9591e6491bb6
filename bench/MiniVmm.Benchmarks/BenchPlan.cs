using System.Globalization;
using MiniVmm.Demo;

namespace MiniVmm.Benchmarks;

/// <summary>Says what is measured, all in one VM.</summary>
internal static class BenchPlan
{
    /// <summary>The name of the item that the others stand beside.</summary>
    public const string Native = "native";

    /// <summary>The same, its program read from the host's share.</summary>
    public const string NativeFromShare = "native-from-share";

    /// <summary>The same, not compiled before.</summary>
    public const string Dotnet = "dotnet";

    /// <summary>A guest that <c>minivmm resume</c> brings back, with its socket and its signals.</summary>
    public const string Command = "command";

    /// <summary>The RAM of guests whose blackouts are compared, in MiB; the middle one shows the way between the others.</summary>
    public static readonly IReadOnlyList<int> Sizes = [64, 256, 1024];

    // More than this of a guest's memory is its own kernel and initial root.
    private const int UnfilledMiB = 24;
    private const int SmallPageRounds = 2;
    private const int PeerRounds = 2;
    private const int Cpus = 2;

    // On the VM's one processor QEMU's two wait for each other for minutes at times.
    private const int PeerCpus = 1;

    /// <summary>Makes the plan.</summary>
    /// <param name="native">The native executable, which each kernel has in memory.</param>
    /// <param name="fromShare">The same executable, which each kernel reads from the host.</param>
    /// <param name="assembly">The program's assembly.</param>
    /// <param name="updates">The live updates of each item; the first has three more. Guests of other sizes take turns, so that what
    /// changes in the machine meanwhile is in all of them.</param>
    public static IReadOnlyList<BenchItem> Create(string native, string fromShare, string assembly, int updates)
    {
        List<BenchItem> items =
        [
            Linux(Native, native, updates + 3, 256),
            Linux(NativeFromShare, fromShare, updates, 256),
            Linux(Dotnet, "dotnet " + assembly, updates, 256),
            new BenchItem(Command, updates, 256, string.Create(CultureInfo.InvariantCulture, $"command {updates} {native}")),
        ];
        for (int round = 0; round < updates; round++)
        {
            items.AddRange(Turn(round).Select(size => Demo(RamName(true, size), native, 1, size, true, "pattern")));
            if (round < SmallPageRounds)
            {
                items.AddRange(Turn(round).Select(size => Demo(RamName(false, size), native, 1, size, false, "pattern")));
            }
        }

        for (int round = 0; round < Math.Min(updates, PeerRounds); round++)
        {
            foreach (int size in Turn(round))
            {
                string words = string.Create(CultureInfo.InvariantCulture, $"minivmm.fill={(size * 3 / 4) - UnfilledMiB} minivmm.lines=20");
                items.Add(Demo(FilledName(size), native, 1, size, hugePages: true, "linux," + words.Replace(' ', ','), PeerCpus));
                items.Add(new BenchItem(
                    QemuName(size),
                    1,
                    size,
                    string.Create(CultureInfo.InvariantCulture, $"qemu 1 {size} {PeerCpus} {(size > 512 ? 18 : 13)} \"{words}\"")));
            }
        }

        return items;
    }

    // Up, then down: no size is always the first or the last.
    private static IEnumerable<int> Turn(int round) => round % 2 == 0 ? Sizes : Sizes.Reverse();

    /// <summary>Gives the name of a guest that counts in all its pages.</summary>
    public static string RamName(bool hugePages, int mib) =>
        string.Create(CultureInfo.InvariantCulture, $"ram-{(hugePages ? "2M" : "4K")}-{mib}");

    /// <summary>Gives the name of a Linux guest that has used its memory.</summary>
    public static string FilledName(int mib) => string.Create(CultureInfo.InvariantCulture, $"filled-{mib}");

    /// <summary>Gives the name of the same guest in QEMU.</summary>
    public static string QemuName(int mib) => string.Create(CultureInfo.InvariantCulture, $"qemu-{mib}");

    private static BenchItem Linux(string name, string program, int updates, int mib) =>
        Demo(name, program, updates, mib, hugePages: true, "linux,minivmm.lines=20");

    private static BenchItem Demo(string name, string program, int updates, int mib, bool hugePages, string guest, int cpus = Cpus)
    {
        var options = new DemoOptions { Updates = updates, Memory = (long)mib << 20, Cpus = cpus, HugePages = hugePages, Programs = [] };
        return new BenchItem(name, updates, mib, $"{program} {string.Join(' ', DemoInside.Words(options))} {guest}");
    }
}
