using System.Diagnostics;
using System.Globalization;
using MiniVmm.Benchmarks;

namespace LuoInterop.Cli.Benchmarks;

/// <summary>Is one question, asked of luoctl and of what people use for it.</summary>
/// <param name="Name">The question.</param>
/// <param name="Ours">luoctl's command.</param>
/// <param name="Theirs">The other command.</param>
/// <param name="Agrees">Says whether both gave the same answer, by what they wrote.</param>
internal sealed record Contest(string Name, string[] Ours, string[] Theirs, Func<string, string, bool> Agrees)
{
    /// <summary>Runs both in turn, after a round that counts for nothing, and gives a row of a table in Markdown.</summary>
    /// <exception cref="InvalidOperationException">A command failed, or the answers differ.</exception>
    public string Run(int rounds)
    {
        List<double> ours = [];
        List<double> theirs = [];
        List<double> ratios = [];
        for (int round = 0; round <= rounds; round++)
        {
            (double first, string answer) = Time(Ours);
            (double second, string other) = Time(Theirs);
            if (!Agrees(answer, other))
            {
                throw new InvalidOperationException($"{Name}: luoctl said\n{answer}\nand {Theirs[0]}\n{other}");
            }

            if (round > 0)
            {
                ours.Add(first);
                theirs.Add(second);
                ratios.Add(second / first);
            }
        }

        Spread ratio = Spread.Of(ratios);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {Name} | {Spread.Of(ours).Median * 1000:0} ms | {Spread.Of(theirs).Median * 1000:0} ms | "
                + $"{ratio.Median:0.0} [{ratio.Least:0.0}, {ratio.Most:0.0}] |");
    }

    /// <summary>Runs a command to its end, and gives what it wrote.</summary>
    /// <exception cref="InvalidOperationException">It failed, or wrote nothing.</exception>
    public static (double Seconds, string Output) Time(string[] command)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{command[0]} gave no process.");
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return process.ExitCode is 0 or 1 or 3 && output.Length > 0
            ? (seconds, output)
            : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
    }
}
