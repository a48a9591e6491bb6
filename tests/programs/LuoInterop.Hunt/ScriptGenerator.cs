using FsCheck;
using FsCheck.Fluent;
using LuoInterop.Litmus;

namespace LuoInterop.Hunt;

/// <summary>Generates scripts: careful, careless and hostile ones, in one to three kernels.</summary>
public static class ScriptGenerator
{
    private const int Words = 700;

    private static readonly Gen<string> Script =
        from kernels in Gen.Frequency((50, Gen.Constant(1)), (38, Gen.Constant(2)), (12, Gen.Constant(3)))
        from words in Gen.ArrayOf(Gen.Choose(0, Choices.Range - 1), Words)
        select ScriptWriter.Write(new Choices(words), kernels);

    /// <summary>Generates the scripts of a seed.</summary>
    public static IEnumerable<LitmusScript> Generate(ulong seed, int count) =>
        Script.Sample(count, new Rnd(seed), 50).Select((text, i) => LitmusScript.Parse($"seed {seed}, script {i}", text));
}
