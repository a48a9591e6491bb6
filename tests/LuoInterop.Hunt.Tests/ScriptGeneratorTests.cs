using LuoInterop.Emulation;
using LuoInterop.Hunt;
using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Hunt.Tests;

/// <summary>Proves that generated scripts are what a hunt is to judge by: repeatable, varied, and mostly about something.</summary>
public class ScriptGeneratorTests
{
    private static readonly LitmusScript[] s_scripts = [.. ScriptGenerator.Generate(1, 1000)];

    [Fact]
    public void Seed_DecidesEverything()
    {
        Assert.Equal(
            s_scripts.Select(static script => script.ToText()), ScriptGenerator.Generate(1, 1000).Select(static script => script.ToText()));
        Assert.NotEqual(s_scripts[0].ToText(), ScriptGenerator.Generate(2, 1).Single().ToText());
    }

    [Fact]
    public void Scripts_GoThroughOneToThreeKernels_AndShareThem()
    {
        Assert.InRange(s_scripts.Count(static script => script.Kernels > 1), 300, 700);
        Assert.Contains(s_scripts, static script => script.Kernels == 3);
        Assert.DoesNotContain(s_scripts, static script => script.IsAlone);
    }

    /// <summary>A generator whose operations all fail would find nothing: the live update itself must succeed often.</summary>
    [Fact]
    public void Scripts_SucceedAndFail()
    {
        using var replay = new EmulatedReplay(new EmulatedMachineOptions());
        var seen = new Dictionary<string, HashSet<string>>();
        int retrieved = 0;
        foreach (LitmusScript script in s_scripts)
        {
            LitmusResult result = replay.Run(script);
            Assert.Null(result.End);
            for (int i = 0; i < script.Lines.Count; i++)
            {
                string verb = script.Lines[i].Verb;
                (seen.TryGetValue(verb, out HashSet<string>? observed) ? observed : seen[verb] = []).Add(result.Observations[i]!);
                retrieved += verb == "retrieve_fd" && result.Observations[i] == "0" ? 1 : 0;
            }
        }

        Assert.InRange(retrieved, 50, int.MaxValue);
        Assert.Superset(new HashSet<string> { "0", "EEXIST", "EBUSY", "ENOENT", "EINVAL", "ENOTTY" }, seen["preserve_fd"]);
        Assert.Superset(new HashSet<string> { "0", "ENOENT", "EINVAL" }, seen["retrieve_session"]);
        Assert.Superset(new HashSet<string> { "0", "EPERM", "EBUSY" }, seen["add_seals"]);
        Assert.True(seen["ioctl"].Count > 10, "requests have many outcomes");
    }

    /// <summary>Lines of which all read the same would find nothing.</summary>
    [Fact]
    public void CommandLines_SwitchLiveUpdateOnAndOff_AndAreVaried()
    {
        LitmusScript[] scripts = [.. CommandLineScripts.Generate(1, 400)];
        Assert.Equal(
            scripts.Select(static script => script.ToText()), CommandLineScripts.Generate(1, 400).Select(static script => script.ToText()));
        Assert.All(scripts, static script => Assert.True(script.IsAlone && script.Kernels == 21 && script.EmulatedOnly is null));
        Assert.InRange(scripts.SelectMany(static script => script.Lines).Select(static line => line.Text).Distinct().Count(), 380, 401);
        using var replay = new EmulatedReplay(new EmulatedMachineOptions());
        string?[] opened = [.. scripts.Select(replay.Run).SelectMany(static result => result.Observations.Where((_, i) => i % 2 == 1))];
        Assert.Equal(new HashSet<string?> { "0", "ENOENT" }, [.. opened]);
        Assert.InRange(opened.Count(static observed => observed == "0"), 60, 340);
    }

    [Fact]
    public void Candidates_AreScripts_AndNoLarger()
    {
        foreach (LitmusScript script in s_scripts.Take(50).Where(static script => script.Lines.Count > 1))
        {
            foreach (LitmusScript candidate in Shrinker.Candidates(script, script.Lines.Count - 1))
            {
                Assert.InRange(candidate.Lines.Count, 1, script.Lines.Count);
                Assert.Equal(candidate.ToText(), LitmusScript.Parse("again", candidate.ToText()).ToText());
            }
        }
    }
}
