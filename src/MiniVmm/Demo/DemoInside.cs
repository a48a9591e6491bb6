using System.Globalization;
using LuoInterop;
using LuoInterop.VmTesting;
using MiniVmm.Guests;
using MiniVmm.Update;

namespace MiniVmm.Demo;

/// <summary>Is the demo as it runs in the VM's kernels. Its words stand in a fixed order, so that reading them takes no time.</summary>
internal static class DemoInside
{
    /// <summary>The first word.</summary>
    public const string Word = "demo-inside";

    /// <summary>The name of the Linux guest's kernel among the VM's files.</summary>
    public const string KernelFile = "guest-kernel";

    /// <summary>The name of the Linux guest's initial root.</summary>
    public const string InitrdFile = "guest-initrd";

    private const int WordsBeforeGuests = 6;
    private const string NoSeed = "-";

    /// <summary>Gives the words that run it; the kinds of its guests follow.</summary>
    public static IReadOnlyList<string> Words(DemoOptions options) =>
    [
        Word,
        options.Updates.ToString(CultureInfo.InvariantCulture),
        options.Memory.ToString(CultureInfo.InvariantCulture),
        options.Cpus.ToString(CultureInfo.InvariantCulture),
        options.Seed?.ToString(CultureInfo.InvariantCulture) ?? NoSeed,
        options.HugePages ? "2M" : "4K",
    ];

    /// <summary>Runs it in this kernel.</summary>
    /// <param name="words">The words, and the kinds of guests.</param>
    /// <returns>0 at the end of the last; a kexec does not return.</returns>
    public static int Run(string[] words)
    {
        if (words.Length <= WordsBeforeGuests || !Guest.IsInside)
        {
            Console.Error.WriteLine($"'{Word}' is what 'minivmm demo' runs in its VM.");
            return 2;
        }

        UpdateClock clock = UpdateClock.OfThisProcess();
        DemoOptions options = Read(words);

        // The way to the host takes a tenth of a second to open, and the guest need not wait for it.
        Guest? opened = null;
        Guest Host() => opened ??= Guest.Open();
        try
        {
            return new DemoProgram(
                Kernel.Linux,
                clock,
                options,
                () => KexecImage.Load(Kernel.Linux, Host().NextKernelImagePath, Guest.InitrdPath, Host().NextCommandLine),
                Console.Out,
                Guest.Flush,
                (name, number, blackout) => Host().Value(
                    $"blackout {name} {number}",
                    string.Join(
                        ' ',
                        blackout.Parts.Select(static part => part.Nanoseconds)
                            .Prepend(blackout.Nanoseconds).Append(blackout.ProofNanoseconds ?? 0)))).Run();
        }
        finally
        {
            opened?.Dispose();
        }
    }

    /// <summary>Reads the words, and the kinds of guests.</summary>
    /// <exception cref="FormatException">There is no such guest, or a number is none.</exception>
    internal static DemoOptions Read(string[] words) => new()
    {
        Updates = int.Parse(words[1], CultureInfo.InvariantCulture),
        Memory = long.Parse(words[2], CultureInfo.InvariantCulture),
        Cpus = int.Parse(words[3], CultureInfo.InvariantCulture),
        Seed = words[4] == NoSeed ? null : int.Parse(words[4], CultureInfo.InvariantCulture),
        HugePages = words[5] == "2M",
        Programs = [.. words.Skip(WordsBeforeGuests).Select(ProgramOf)],
    };

    // After a comma come words for the command line of Linux.
    private static IGuestProgram ProgramOf(string kind) => kind switch
    {
        PatternProgram.Kind => new PatternProgram(),
        SelfCheckProgram.Kind => new SelfCheckProgram(),
        _ when kind.Split(',') is [LinuxProgram.Kind, .. var words] => new LinuxProgram(
            static () => File.ReadAllBytes(Path.Combine(Guest.FilesFolder, KernelFile)),
            static () => File.ReadAllBytes(Path.Combine(Guest.FilesFolder, InitrdFile)),
            string.Join(' ', words.Prepend("console=ttyS0 no_timer_check panic=-1 loglevel=4"))),
        _ => throw new FormatException($"There is no guest '{kind}'."),
    };
}
