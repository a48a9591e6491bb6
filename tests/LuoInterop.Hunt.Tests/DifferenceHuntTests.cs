using LuoInterop.Emulation;
using LuoInterop.Hunt;
using LuoInterop.Litmus;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Hunt.Tests;

/// <summary>Hunts differences between the emulated kernel and Linux, and proves that a hunt finds what is there to be found.</summary>
public class DifferenceHuntTests(ITestOutputHelper output)
{
    private const int ScriptsPerSeed = 150;

    /// <summary>Runs the scripts of a fixed seed and of a fresh one, which is printed, on both kernels.</summary>
    [Fact]
    [Trait("Category", "VM")]
    public async Task EmulatedKernel_AndLinux_ShowTheSame()
    {
        ulong fresh = (ulong)Random.Shared.Next();
        output.WriteLine($"The fresh seed is {fresh}: make hunt N={ScriptsPerSeed} SEED={fresh} repeats it, and shrinks what differs.");
        LitmusScript[] scripts = [.. new[] { 1UL, fresh }.SelectMany(static seed => ScriptGenerator.Generate(seed, ScriptsPerSeed))];
        DifferenceHunt hunt = await LinuxHunt.CreateAsync(output.WriteLine, byProcess: false, CancellationToken.None);
        IReadOnlyList<Difference> differences = await hunt.CompareAsync(scripts, CancellationToken.None);
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} of {scripts.Length} scripts differ, the fresh seed is "
            + $"{fresh}:\n{string.Join('\n', differences.Take(5))}");
    }

    /// <summary>Boots both kernels with 10 command lines of a fresh seed, which is printed.</summary>
    [Fact]
    [Trait("Category", "VM")]
    public async Task EmulatedKernel_AndLinux_ReadCommandLinesAlike()
    {
        ulong fresh = (ulong)Random.Shared.Next();
        output.WriteLine($"The fresh seed is {fresh}: make hunt LINES=1 N=10 SEED={fresh} repeats it, and shrinks what differs.");
        DifferenceHunt hunt = await LinuxHunt.CreateAsync(output.WriteLine, byProcess: false, CancellationToken.None);
        IReadOnlyList<Difference> differences =
            await hunt.CompareAsync([.. CommandLineScripts.Generate(fresh, 10)], CancellationToken.None);
        Assert.True(differences.Count == 0, $"The fresh seed is {fresh}:\n{string.Join('\n', differences)}");
    }

    /// <summary>Lets the emulated kernel inside this process judge the one that a process comes to by trapped calls.</summary>
    [Fact]
    public async Task Process_SeesWhatTheEmulatedKernelShows()
    {
        ulong fresh = (ulong)Random.Shared.Next();
        output.WriteLine($"The fresh seed is {fresh}: make hunt PROCESS=1 N={ScriptsPerSeed} SEED={fresh} repeats it beside Linux.");
        var machine = new EmulatedMachineOptions();
        var hunt = new DifferenceHunt(DifferenceHunt.Inside(machine), DifferenceHunt.ByProcess(machine), output.WriteLine);
        IReadOnlyList<Difference> differences = await hunt.CompareAsync(
            [.. new[] { 1UL, fresh }.SelectMany(static seed => ScriptGenerator.Generate(seed, ScriptsPerSeed))], CancellationToken.None);
        Assert.True(differences.Count == 0, $"The fresh seed is {fresh}:\n{string.Join('\n', differences.Take(5))}");
    }

    /// <summary>Lets a kernel with other rules be the judge: an emulation that is wrong is found,
    /// and the script shrunk to what shows it.</summary>
    [Fact]
    public async Task WrongRule_IsFound_AndShrunk()
    {
        using var other = new EmulatedReplay(new EmulatedMachineOptions { LargestFolioOrder = 0 });
        Judge judge = (scripts, _) => Task.FromResult<IReadOnlyList<LitmusResult>>([.. scripts.Select(other.Run)]);
        var hunt = new DifferenceHunt(judge, DifferenceHunt.Inside(new EmulatedMachineOptions()), output.WriteLine);
        IReadOnlyList<Difference> found = await hunt.CompareAsync([.. ScriptGenerator.Generate(7, 1000)], CancellationToken.None);
        Assert.NotEmpty(found);

        // Writes that pass the end of a sealed or preserved file stop at 4 KiB there, and at 2 MiB here.
        Difference smallest = (await hunt.ShrinkAsync([.. found.Take(1)], CancellationToken.None))[0];
        Assert.Equal(found[0].Signature, smallest.Signature);
        Assert.InRange(smallest.Linux.Script.Lines.Count, 2, 8);
        Assert.Equal(smallest.Linux.Script.Lines.Count - 1, smallest.Line);
        Assert.NotEqual(smallest.Linux.Observations[smallest.Line], smallest.Emulated.Observations[smallest.Line]);
    }

    [Fact]
    public async Task SameRules_ShowNoDifference()
    {
        using var same = new EmulatedReplay();
        Judge judge = (scripts, _) => Task.FromResult<IReadOnlyList<LitmusResult>>([.. scripts.Select(same.Run)]);
        var hunt = new DifferenceHunt(judge, DifferenceHunt.Inside(new EmulatedMachineOptions()), output.WriteLine);
        Assert.Empty(await hunt.CompareAsync([.. ScriptGenerator.Generate(8, 300)], CancellationToken.None));
    }
}
