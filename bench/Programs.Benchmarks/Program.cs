using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using LuoInterop.Emulation.Server;
using LuoInterop.Programs.Benchmarks;
using LuoInterop.Tests.Shared;
using MiniVmm.Benchmarks;

[assembly: SupportedOSPlatform("linux")]

if (args is not [var result, var count] || !int.TryParse(count, out int rounds) || rounds < 1)
{
    Console.Error.WriteLine("usage: bench-programs RESULT.md ROUNDS");
    return 2;
}

using var tools = new CTools();
List<string> rows = [];
await using (var machine = new ProgramMachine())
{
    const int Calls = 20_000;
    List<double> answered = [], other = [], plain = [];
    for (int i = 0; i < rounds; i++)
    {
        Dictionary<string, double> figures = Figures(await RunAsync(machine, [tools.Cost, "calls", $"{Calls}"]));
        answered.Add(figures["answered"] / 1000);
        other.Add(figures["other"] / 1000);
        plain.Add(Figures(Outside([tools.Cost, "plain", $"{Calls}"]))["other"] / 1000);
    }

    rows.Add(Row("an answered ioctl (GET_NAME), microseconds", answered));
    rows.Add(Row("an ioctl that is not trapped, microseconds", other));
    rows.Add(Row("the same without a filter, microseconds", plain));
}

foreach (bool everything in (bool[])[false, true])
{
    // A round is some seconds on a machine that is never quite alone: a ratio of a few hundredths takes many of them.
    int compiles = everything ? rounds : 5 * rounds;
    await using var machine = new ProgramMachine(new ProgramMachineOptions { TrapsEverything = everything });
    List<double> ratios = [], seconds = [];
    double[] leastInside = [.. tools.Files.Select(static _ => double.MaxValue)];
    double[] leastOutside = [.. leastInside];
    using (WaitingCompiler inner = tools.Compiler($"inside-{everything}"), outer = tools.Compiler($"outside-{everything}"))
    {
        Task<string> emulated = RunAsync(machine, inner.Command);
        Task<string> plain = Task.Run(() => Outside(outer.Command));
        for (int i = 0; i < compiles; i++)
        {
            // File by file in turns, the first of each changing: the machine is not the same all the time.
            double inside = 0;
            double outside = 0;
            foreach ((int index, string file) in tools.Files.Index())
            {
                bool first = (i + index) % 2 == 0;
                double before = (first ? inner : outer).Compile(file) / 1e9;
                double after = (first ? outer : inner).Compile(file) / 1e9;
                (double within, double without) = first ? (before, after) : (after, before);
                inside += within;
                outside += without;
                leastInside[index] = Math.Min(leastInside[index], within);
                leastOutside[index] = Math.Min(leastOutside[index], without);
            }

            ratios.Add(inside / outside);
            seconds.Add(outside);
        }

        inner.Dispose();
        outer.Dispose();
        await Task.WhenAll(emulated, plain);
    }

    string compiling = $"compiling this project's C files{(everything ? ", everything trapped" : "")}";
    rows.Add(Row(
        string.Create(
            CultureInfo.InvariantCulture, $"{compiling} ({Spread.Of(seconds).Median:0.0} s without a filter), ratio of {compiles}"),
        ratios));
    rows.Add(Row(
        $"{compiling}, ratio of the least time of each file, which the rest of the machine made longer least",
        [leastInside.Sum() / leastOutside.Sum()]));
}

foreach ((string what, int sessions) in ((string, int)[])[("sessions", 100), ("sessions", 10_000), ("files", 100), ("files", 5_000)])
{
    await using var machine = new ProgramMachine();
    ProgramStart program = new([tools.Cost, what, $"{sessions}"]) { KeepOutput = true };
    ProgramEnd first = await machine.RunAsync(program);
    ProgramEnd second = await machine.RunAsync(program);
    if (first.Kind != ProgramEndKind.Kexec || second.ExitCode != 0)
    {
        throw new InvalidOperationException($"{first} {first.Error} {second} {second.Error}");
    }

    string name = what == "files" ? "sessions with a memory file each" : "sessions";
    rows.Add(Row($"{sessions:N0} {name}: to create one, microseconds", [Figures(first.Output)["preserve"] / 1000]));
    rows.Add(Row($"{sessions:N0} {name}: to take one back and finish it, microseconds", [Figures(second.Output)["retrieve"] / 1000]));
}

string page = $"""
    # Programs on the emulated kernel

    `make bench-programs`, {rounds} rounds, {Environment.ProcessorCount} processors, Linux {Outside(["uname", "-r"]).Trim()}.
    The median, and the least and the most.

    | what | median | least | most |
    |---|---|---|---|
    {string.Join('\n', rows)}

    """;
await File.WriteAllTextAsync(result, page);
Console.Write(page);
return 0;

static string Row(string name, IEnumerable<double> figures)
{
    Spread spread = Spread.Of(figures);
    return string.Create(CultureInfo.InvariantCulture, $"| {name} | {spread.Median:0.000} | {spread.Least:0.000} | {spread.Most:0.000} |");
}

static Dictionary<string, double> Figures(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
    .Select(static line => line.Split(' '))
    .ToDictionary(static words => words[0], static words => double.Parse(words[1], CultureInfo.InvariantCulture));

static async Task<string> RunAsync(ProgramMachine machine, string[] command)
{
    ProgramEnd end = await machine.RunAsync(new ProgramStart(command) { KeepOutput = true });
    return end.ExitCode == 0 ? end.Output : throw new InvalidOperationException($"{command[0]} ended with {end.ExitCode}: {end.Error}");
}

static string Outside(string[] command)
{
    using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{command[0]} ended with {process.ExitCode}.");
}
