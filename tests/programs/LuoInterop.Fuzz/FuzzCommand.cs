using System.Globalization;

namespace LuoInterop.Fuzz;

/// <summary>Fuzzes from the command line.</summary>
/// <param name="seed">The seed of every target.</param>
/// <param name="folder">Where an input is kept that broke what must hold.</param>
internal sealed class FuzzCommand(int seed, string folder)
{
    private const long Step = 100_000;

    /// <summary>Runs inputs on each target: 0 when all held, 1 at the first that did not, 130 when interrupted.</summary>
    public int Run(IReadOnlyList<FuzzTarget> targets, long first, long count, CancellationToken cancellation)
    {
        Console.WriteLine($"seed {seed}, {count} inputs for each of {targets.Count} targets");
        foreach (FuzzTarget target in targets)
        {
            using var owned = target as IDisposable;
            FuzzFigures total = default;
            for (long done = 0; done < count; done += Step)
            {
                if (cancellation.IsCancellationRequested)
                {
                    return 130;
                }

                try
                {
                    total += FuzzRun.Run(target, seed, first + done, Math.Min(Step, count - done));
                }
                catch (FuzzFailureException failure)
                {
                    Tell(failure);
                    return 1;
                }

                Console.Error.WriteLine($"{target.Name}: {total.Inputs}");
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{target.Name,-14} {total.Inputs,9} inputs, {100.0 * total.Accepted / total.Inputs,5:f1} % accepted, "
                + $"{(double)total.Bytes / total.Inputs,8:f0} bytes each, {(double)total.Allocated / total.Bytes,6:f1} bytes "
                + $"allocated a byte"));
        }

        return 0;
    }

    /// <summary>Holds one input: 0 when it held.</summary>
    public static int Hold(string name, byte[] input)
    {
        FuzzTarget target = FuzzTargets.Find(name);
        using var owned = target as IDisposable;
        long allocated = FuzzRun.Hold(target, input, isSound: false, out bool accepted);
        Console.WriteLine($"{name}: {input.Length} bytes, {(accepted ? "accepted" : "refused")}, {allocated} bytes allocated, "
            + $"{target.Steps} steps");
        return 0;
    }

    private void Tell(FuzzFailureException failure)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{failure.Target}-{failure.Seed}-{failure.Index}");
        File.WriteAllBytes(path, failure.Input);
        Console.WriteLine(failure);
        Console.WriteLine($"the input is {path}");
        Console.WriteLine($"again: --target {failure.Target} --seed {failure.Seed} --index {failure.Index}");
    }
}
