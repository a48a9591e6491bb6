using System.Globalization;

namespace LuoInterop.VmBenchmarks;

/// <summary>Holds what the command line asks for.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        usage: luo-bench-vm [--smoke | --again FILE] [--only PART]... [--repeats N] [--memory MIB] [--out FOLDER] [--console]
        Measures what live update costs on the real kernel, in a VM, and writes tables, JSON and the charts' data.
          --only PART   calls: single calls, C beside the managed API
                        updates: the phases of whole live updates, as their size grows
                        disk: the same memory to a disk and back instead
          --repeats N   how often everything is done (3)
          --memory MIB  the VM's memory (8192); files go up to half of it
          --out FOLDER  where the results go (bench/results beneath the working folder)
          --smoke       do everything once, with little, and write nothing unless --out is given
          --again FILE  measure nothing: write page and charts anew from the JSON of an earlier run
          --console     print the kernels' console too
          --help        print this
        Ctrl-C ends the VM and writes nothing. Nothing else should run on the machine.
        """;

    /// <summary>Gets the parts that can be asked for.</summary>
    public static readonly string[] AllParts = ["calls", "updates", "disk"];

    public bool Smoke { get; private init; }

    public IReadOnlyList<string> Parts { get; private init; } = AllParts;

    public int Repeats { get; private init; } = 3;

    public int MemoryMiB { get; private init; } = 8192;

    public string? Out { get; private init; }

    public string? Again { get; private init; }

    public bool ShowConsole { get; private init; }

    /// <summary>Reads the command line's words.</summary>
    /// <exception cref="FormatException">They are not understood; the message says which.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> words)
    {
        var options = new BenchOptions();
        var parts = new List<string>();
        for (int i = 0; i < words.Count; i++)
        {
            string Value() => ++i < words.Count ? words[i] : throw new FormatException($"{words[i - 1]} needs a value.");
            switch (words[i])
            {
                case "--smoke":
                    options = options with { Smoke = true, Repeats = 1, MemoryMiB = 1024 };
                    break;
                case "--only":
                    string part = Value();
                    parts.Add(
                        AllParts.Contains(part) ? part : throw new FormatException($"'{part}' is none of {string.Join(", ", AllParts)}."));
                    break;
                case "--repeats":
                    options = options with { Repeats = Number(Value(), 1, 100) };
                    break;
                case "--memory":
                    options = options with { MemoryMiB = Number(Value(), 512, 1 << 20) };
                    break;
                case "--out":
                    options = options with { Out = Value() };
                    break;
                case "--again":
                    options = options with { Again = Value() };
                    break;
                case "--console":
                    options = options with { ShowConsole = true };
                    break;
                default:
                    throw new FormatException($"'{words[i]}' is not understood.");
            }
        }

        return parts.Count == 0 ? options : options with { Parts = parts };
    }

    private static int Number(string word, int least, int most) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new FormatException($"'{word}' is no number from {least} to {most}.");
}
