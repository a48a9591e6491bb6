using LuoInterop.Benchmarks;

// Measures the emulated kernel, and prints the figures beside their bars.
const string Usage = """
    usage: luo-bench [--smoke | --files | --arrays | --vm]
      (nothing)  measure everything
      --files    measure beside many preserved files only
      --vm       the same in a VM, which lets a process have more descriptors
      --arrays   measure the two arrays of a file's folios only
      --smoke    do everything once, measure nothing
    """;
if (args.Length > 1 || (args.Length == 1 && args[0] is not ("--smoke" or "--files" or "--arrays" or "--vm")))
{
    Console.Error.WriteLine(Usage);
    return 2;
}

string mode = args.FirstOrDefault("");
if (mode == "--vm")
{
    return await InVm.RunAsync();
}

Scale.IsSmoke = mode == "--smoke";
DescriptorLimit.Raise();
if (mode != "--arrays")
{
    var page = new ResultsPage();
    if (mode != "--files")
    {
        Measurements.AddHandover(page);
        Measurements.AddSessions(page);
    }

    Measurements.AddFiles(page);
    Print(page.Write);
}

if (mode != "--files")
{
    var page = new ArraysPage();
    Measurements.AddArrays(page);
    Print(page.Write);
}

return 0;

static void Print(Func<string> page)
{
    if (!Scale.IsSmoke)
    {
        Console.WriteLine(page());
    }
}
