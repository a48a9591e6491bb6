using System.Buffers.Binary;
using System.Globalization;
using LuoInterop.Emulation.Kho;
using Xunit.Abstractions;

namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Proves that the emulated kernel finds in a tree what libfdt finds, however damaged the tree is.</summary>
/// <remarks>LUO_FDT_TREES sets how many trees are judged. A failure names the seed and the tree.</remarks>
public sealed class FdtOracleTests(ITestOutputHelper output)
{
    private const int Batch = 1000;

    private static readonly int Trees =
        int.Parse(Environment.GetEnvironmentVariable("LUO_FDT_TREES") ?? "6000", CultureInfo.InvariantCulture);

    /// <summary>Gets seeds that always run, and a fresh one, which the test's name shows.</summary>
    public static TheoryData<int> Seeds => [1, 20261129, Random.Shared.Next()];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void EveryTree_MeansTheSame(int seed)
    {
        using var oracle = new FdtOracle();
        using var memory = new PhysicalMemory(2 * FdtTree.PageSize);
        memory.Populate(1);
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var drawn = new FdtTrees(new Random(seed));
        int count = (Trees + 2) / 3;
        for (int done = 0; done < count; done += Batch)
        {
            FdtTree[] trees = [.. Draw(drawn, Math.Min(Batch, count - done))];
            FdtAnswer[] expected = oracle.Judge(trees);
            for (int i = 0; i < trees.Length; i++)
            {
                FdtAnswer found = FdtAnswer.Judge(memory, trees[i]);
                Assert.True(
                    found == expected[i], $"Seed {seed}, tree {done + i}: {trees[i]}\nlibfdt:    {expected[i]}\nemulation: {found}");
                string outcome = Outcome(trees[i], found);
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            }
        }

        foreach ((string outcome, int number) in outcomes)
        {
            output.WriteLine($"{number,8} {outcome}");
        }

        // Trees that are always refused, or never, would prove little.
        foreach (string outcome in (string[])[
            "KHO ignored", "KHO taken, all there", "KHO taken, LUO lost", "KHO panic", "LUO taken", "LUO refused", "LUO panic"])
        {
            Assert.InRange(outcomes.GetValueOrDefault(outcome), count / 1000, count);
        }
    }

    /// <summary>A property whose length wraps ends the tree there: what comes before it is found, and nothing behind it.</summary>
    [Theory]
    [InlineData(0xffffffef)]
    [InlineData(0xfffffff0)]
    [InlineData(0xfffffff4)]
    [InlineData(0xfffffff8)]
    [InlineData(0xffffffff)]
    [InlineData(0x7fffffff)]
    public void LengthThatWraps_EndsTheTree(uint length)
    {
        using var memory = new PhysicalMemory(2 * FdtTree.PageSize);
        memory.Populate(1);
        foreach (bool first in (bool[])[true, false])
        {
            var writer = new FdtTreeWriter(17);
            writer.Begin("");
            writer.Property("compatible", "kho-v4\0"u8);
            int at = first ? Extra(writer) : 0;
            writer.Property("preserved-memory-map", BitConverter.GetBytes(0x1234_5000UL));
            at = first ? at : Extra(writer);
            writer.Begin("LUO");
            writer.Property("preserved-data", BitConverter.GetBytes(0x2000UL));
            writer.Property("blob-size", BitConverter.GetBytes(32UL));
            writer.EndOfNode();
            writer.EndOfNode();
            writer.Token(FdtTreeWriter.End);
            byte[] bytes = writer.Finish(stringsFirst: false, gap: 0, slack: 0);
            var tree = new FdtTree(FdtForm.KhoV4, 0, 0, bytes);
            FdtAnswer sound = FdtAnswer.Judge(memory, tree);
            Assert.Equal((0x1234_5000UL, 0, 0x2000UL), (sound.Map, sound.Luo, sound.LuoAddress));

            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(writer.Words[at]), length);
            FdtAnswer found = FdtAnswer.Judge(memory, tree);
            Assert.Equal(first ? (0UL, 0) : (0x1234_5000UL, Luo.ENOENT), (found.Map, found.Luo));
        }

        // The place of its length among the words.
        static int Extra(FdtTreeWriter writer)
        {
            writer.Property("extra", [1, 2, 3, 4]);
            return writer.Words.Count - 2;
        }
    }

    private static IEnumerable<FdtTree> Draw(FdtTrees drawn, int count)
    {
        for (int i = 0; i < count;)
        {
            FdtTree tree = drawn.Next();
            if (!tree.HasWrappingLength)
            {
                yield return tree;
                i++;
            }
        }
    }

    private static string Outcome(FdtTree tree, FdtAnswer answer) => tree.Form >= FdtForm.LuoWithFlb
        ? answer.Populated switch { 0 => "LUO taken", FdtAnswer.Fault => "LUO panic", _ => "LUO refused" }
        : (answer.Populated, answer.Luo, answer.Metadata, answer.Listed) switch
        {
            (FdtAnswer.Fault, _, _, _) or (_, FdtAnswer.Fault, _, _) or (_, _, FdtAnswer.Fault, _) or (_, _, _, FdtAnswer.Fault) =>
                "KHO panic",
            _ when answer.Map == 0 => "KHO ignored",
            (_, 0, 0, _) => "KHO taken, all there",
            (_, Luo.ENOENT, _, _) => "KHO taken, LUO lost",
            _ => "KHO taken, otherwise",
        };
}
