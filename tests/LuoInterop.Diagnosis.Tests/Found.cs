using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Diagnosis.Tests;

/// <summary>Holds what one check says of a machine.</summary>
internal static class Found
{
    /// <summary>Asserts a row's verdict and words of its evidence, and that there is a remedy where one is due.</summary>
    public static void Says(this MachineFolder machine, string id, CheckVerdict verdict, params string[] words) =>
        Says(new DiagnosisOptions { Root = machine.Root }, id, verdict, words);

    public static void Says(DiagnosisOptions options, string id, CheckVerdict verdict, params string[] words)
    {
        CheckResult row = Assert.Single(MachineDiagnosis.Run(options with { Only = [id] }).Results);
        Assert.Equal(id, row.Id);
        Assert.True(verdict == row.Verdict, $"{row}");
        Assert.All(words, word => Assert.Contains(word, row.Evidence, StringComparison.Ordinal));
        Assert.Equal(verdict is CheckVerdict.Ok or CheckVerdict.NotLookedAt, row.Remedy.Length == 0);
        Assert.EndsWith(".", row.Evidence.TrimEnd(')', ' '), StringComparison.Ordinal);
    }
}
