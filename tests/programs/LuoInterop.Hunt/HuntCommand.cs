using System.Security.Cryptography;
using System.Text;
using LuoInterop.Litmus;

namespace LuoInterop.Hunt;

/// <summary>Hunts from the command line.</summary>
/// <param name="seed">The first thousand's seed.</param>
/// <param name="count">How many scripts, or command lines.</param>
/// <param name="commandLines">Whether the scripts are about command lines.</param>
/// <param name="byProcess">Whether the emulated kernel is used by a process of its own.</param>
/// <param name="folder">Where scripts that show a difference are kept; null to print them only.</param>
public sealed class HuntCommand(ulong seed, int count, bool commandLines, bool byProcess, string? folder)
{
    private const int PerSeed = 1000;
    private const int MostShrunk = 8;

    /// <summary>Prints the scripts.</summary>
    public int Print()
    {
        foreach (LitmusScript script in Batches().SelectMany(static batch => batch))
        {
            Console.WriteLine($"# {script.Name}\n{script}");
        }

        return 0;
    }

    /// <summary>Hunts: 0 when the kernels agree on every script, 1 when they do not.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        Action<string> log = Console.Error.WriteLine;
        DifferenceHunt hunt = await LinuxHunt.CreateAsync(log, byProcess, cancellation);
        int done = 0;
        int kexecs = 0;
        var differences = new List<Difference>();
        foreach (LitmusScript[] batch in Batches())
        {
            foreach (Difference difference in await hunt.CompareAsync(batch, cancellation))
            {
                differences.Add(difference);
                log(difference.ToString());
            }

            done += batch.Length;
            kexecs += batch.Count(static script => script.Kernels > 1);
            log($"{done} scripts run on both kernels, {kexecs} of them with a kexec, "
                + $"{batch.Sum(static script => script.Lines.Count)} lines in the last {batch.Length}: {differences.Count} differ");
        }

        foreach (IGrouping<string, Difference> group in differences.GroupBy(static difference => difference.Signature)
            .OrderByDescending(static group => group.Count()))
        {
            Console.WriteLine($"{group.Count(),5} x {group.Key}");
        }

        if (differences.Count > 0)
        {
            Difference[] chosen = [.. differences.GroupBy(static difference => difference.Signature)
                .Select(static group => group.MinBy(static difference => difference.Line)!).Take(MostShrunk)];
            foreach (Difference difference in await hunt.ShrinkAsync(chosen, cancellation))
            {
                Console.WriteLine();
                Console.WriteLine(difference);
                Keep(difference);
            }
        }

        Console.WriteLine($"{done} scripts, {kexecs} with a kexec, first seed {seed}: {differences.Count} differences");
        return differences.Count == 0 ? 0 : 1;
    }

    private IEnumerable<LitmusScript[]> Batches()
    {
        for (int i = 0; i < count; i += PerSeed)
        {
            yield return commandLines
                ? [.. CommandLineScripts.Generate(seed + (ulong)(i / PerSeed), Math.Min(PerSeed, count - i))]
                : [.. ScriptGenerator.Generate(seed + (ulong)(i / PerSeed), Math.Min(PerSeed, count - i))];
        }
    }

    private void Keep(Difference difference)
    {
        if (folder is not null)
        {
            Directory.CreateDirectory(folder);
            string text = difference.Linux.ToString();
            string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
            File.WriteAllText(Path.Combine(folder, $"{name}.luo"), $"# {difference.Signature}\n{text}");
        }
    }
}
