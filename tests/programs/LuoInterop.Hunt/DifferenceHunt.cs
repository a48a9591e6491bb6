using LuoInterop.Emulation;
using LuoInterop.Litmus;

namespace LuoInterop.Hunt;

/// <summary>Replays scripts on a kernel, and gives the results in their order.</summary>
public delegate Task<IReadOnlyList<LitmusResult>> Judge(IReadOnlyList<LitmusScript> scripts, CancellationToken cancellation);

/// <summary>Runs scripts on a judge, as a rule Linux in a VM, and on the emulated kernel, and finds where they differ.</summary>
/// <param name="judge">Replays on the kernel that is right.</param>
/// <param name="emulated">Replays on the emulated kernel.</param>
/// <param name="log">Is told what happens.</param>
public sealed class DifferenceHunt(Judge judge, Judge emulated, Action<string> log)
{
    private const int MostShrinkRounds = 25;

    /// <summary>Gets the command that replays in a VM and in a process.</summary>
    public static IReadOnlyList<string> Program { get; } =
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "LuoInterop.Hunt.dll")];

    /// <summary>Runs scripts on both kernels.</summary>
    /// <returns>The scripts on which they differ.</returns>
    public async Task<IReadOnlyList<Difference>> CompareAsync(IReadOnlyList<LitmusScript> scripts, CancellationToken cancellation)
    {
        // The VM runs meanwhile.
        Task<IReadOnlyList<LitmusResult>> judged = judge(scripts, cancellation);
        IReadOnlyList<LitmusResult> results = await Task.Run(() => emulated(scripts, cancellation), cancellation);
        IReadOnlyList<LitmusResult> right = await judged;
        return [.. results.Select((result, i) => Difference.Find(result, right[i])).OfType<Difference>()];
    }

    /// <summary>Makes each difference's script as small as it gets, all of them in the same VM at a time.</summary>
    public async Task<IReadOnlyList<Difference>> ShrinkAsync(IReadOnlyList<Difference> differences, CancellationToken cancellation)
    {
        Difference[] smallest = [.. differences];
        bool[] done = new bool[smallest.Length];
        for (int round = 1; round <= MostShrinkRounds && done.Contains(false); round++)
        {
            var owners = new List<int>();
            var candidates = new List<LitmusScript>();
            for (int i = 0; i < smallest.Length; i++)
            {
                if (!done[i])
                {
                    foreach (LitmusScript candidate in Shrinker.Candidates(smallest[i].Linux.Script, smallest[i].Line))
                    {
                        owners.Add(i);
                        candidates.Add(candidate);
                    }
                }
            }

            log($"shrinking, round {round}: {candidates.Count} smaller scripts for {done.Count(static d => !d)} differences");
            var found = new Dictionary<LitmusScript, Difference>();
            foreach (Difference difference in await CompareAsync(candidates, cancellation))
            {
                found[difference.Linux.Script] = difference;
            }

            for (int i = 0; i < smallest.Length; i++)
            {
                Difference? better = candidates
                    .Where((candidate, j) =>
                        owners[j] == i && found.TryGetValue(candidate, out Difference? same) && same.Signature == smallest[i].Signature)
                    .Select(candidate => found[candidate])
                    .MinBy(static difference => (difference.Linux.Script.Lines.Count, difference.Linux.Script.ToText().Length));
                done[i] = done[i] || better is null;
                smallest[i] = better ?? smallest[i];
            }
        }

        return smallest;
    }

    /// <summary>Replays on emulated machines inside this process.</summary>
    public static Judge Inside(EmulatedMachineOptions machine) => (scripts, _) =>
    {
        using var replay = new EmulatedReplay(machine);
        return Task.FromResult<IReadOnlyList<LitmusResult>>([.. scripts.Select(replay.Run)]);
    };

    /// <summary>Replays by a process, whose calls an emulated machine traps.</summary>
    public static Judge ByProcess(EmulatedMachineOptions machine) =>
        new ProgramReplay { Machine = machine, Command = Program }.RunAsync;
}
