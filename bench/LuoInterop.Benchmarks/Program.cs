using LuoInterop.Benchmarks;

// Measures the emulated kernel and the library, and works with what was measured.
const string Usage = """
    usage: luo-bench [--only PART] [--json FILE]
      measures everything, or one part, and prints a page of figures beside their bars
      --only PART  handover, limits, memfd, sessions, files, codecs, decode, catalogue or arrays
      --json FILE.json  keeps the figures too, and the page beside them (FILE.md)
           luo-bench --smoke
      does everything once, and measures nothing
           luo-bench --vm
      measures the part files in a VM, which lets a process have more descriptors
           luo-bench --compare OLD.json [NEW.json]
      prints how the ratios changed; NEW is the newest run of the same kind beside OLD unless it is named.
      Of different processors times are not compared: it says so, compares what can be, and exits with 3
           luo-bench --compare-builds FOLDER
      judges the rounds that eng/bench-compare.sh kept: exits with 1 when something is worse, with 3 when that is not decided
           luo-bench --fill FILE.json PAGE.md
      puts the figures of a run into a page, between its marks
           luo-bench --tsv FILE.json FOLDER
      writes a table for each operation, for gnuplot
    """;

try
{
    return args switch
    {
        [] => Measure(null, null),
        ["--help"] => Print(Usage),
        ["--json", var json] => Measure(null, json),
        ["--only", var part] when IsPart(part) => Measure(part, null),
        ["--only", var part, "--json", var json] when IsPart(part) => Measure(part, json),
        ["--smoke"] => Smoke(),
        ["--vm"] => await InVm.RunAsync(),
        ["--compare", var old] => Compare(old, RunFiles.NewestBeside(old)),
        ["--compare", var old, var @new] => Compare(old, @new),
        ["--compare-builds", var folder] => CompareBuilds(BuildComparison.Read(folder)),
        ["--fill", var file, var page] => Fill(RunResults.Load(file), page),
        ["--tsv", var file, var folder] => Print(string.Join('\n', TsvFiles.Write(RunResults.Load(file), folder))),
        _ => Refuse(),
    };
}
catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"luo-bench: {error.Message}");
    return 1;
}

static bool IsPart(string name) => Suite.Parts.Any(part => part.Name == name);

static int Measure(string? only, string? json)
{
    DescriptorLimit.Raise();
    foreach (long size in Scale.SizesLeftOut)
    {
        Console.Error.WriteLine($"left out: {size >> 30} GiB, for which this machine has not enough free memory");
    }

    var recorder = new Recorder();
    DateTime start = DateTime.UtcNow;
    foreach ((string name, Action<Recorder> measure) in Suite.Parts)
    {
        if (only is null || only == name)
        {
            measure(recorder);
        }
    }

    var run = new RunResults
    {
        Format = RunResults.CurrentFormat,
        What = "host",
        Date = start,
        Command = only is null ? "make bench" : $"luo-bench --only {only}",
        Machine = MachineDescription.Current,
        Rows = recorder.Rows,
    };
    string page = ResultsPage.Write(run, recorder.Tables);
    if (json is not null)
    {
        run.Save(json);
        File.WriteAllText(Path.ChangeExtension(json, ".md"), page);
    }

    return Print(page);
}

static int Smoke()
{
    Scale.IsSmoke = true;
    DescriptorLimit.Raise();
    var recorder = new Recorder();
    foreach ((_, Action<Recorder> measure) in Suite.Parts)
    {
        measure(recorder);
    }

    return 0;
}

static int Fill(RunResults run, string page)
{
    File.WriteAllText(page, CostPage.Fill(File.ReadAllText(page), run));
    return 0;
}

static int Compare(string old, string @new)
{
    var comparison = new Comparison(RunResults.Load(old), RunResults.Load(@new));
    Console.WriteLine(comparison.Write());
    return comparison.Unlike is null ? 0 : 3;
}

static int CompareBuilds(BuildComparison comparison)
{
    Console.WriteLine(comparison.Write());
    return comparison.ExitStatus;
}

static int Print(string text)
{
    Console.WriteLine(text);
    return 0;
}

static int Refuse()
{
    Console.Error.WriteLine(Usage);
    return 2;
}
