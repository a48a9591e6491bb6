using System.Globalization;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Xunit.Abstractions;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Boots from damaged memory, again and again: only outcomes that Linux has, and a sound kernel after each.</summary>
/// <remarks>LUO_DAMAGE_ROUNDS sets how many handovers each seed damages. A failure names the seed and the round.</remarks>
public sealed class RandomDamageTests(ITestOutputHelper output)
{
    // A handover of these tests has some hundred pages; nothing that is made of it may be much larger.
    private const long MostAllocated = 32L << 20;

    private static readonly int Rounds =
        int.Parse(Environment.GetEnvironmentVariable("LUO_DAMAGE_ROUNDS") ?? "150", CultureInfo.InvariantCulture);

    /// <summary>Gets seeds that always run, and a fresh one, which the test's name shows.</summary>
    public static TheoryData<int> Seeds => [1, 20261120, Random.Shared.Next()];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedHandover_EndsAsOnLinux(int seed)
    {
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        string[] descriptors = OpenDescriptors();
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random(unchecked(seed + (round * 0x61c88647)));
            string damage = "";
            try
            {
                string outcome = DamageOne(random, ref damage);
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Assert.Fail($"Seed {seed}, round {round}: {damage}\n{error}");
            }
        }

        Assert.Equal(descriptors, OpenDescriptors());
        foreach ((string outcome, int count) in outcomes)
        {
            output.WriteLine($"{count,6} {outcome}");
        }

        // Damage that always panics, or never, would prove little.
        Assert.InRange(outcomes.GetValueOrDefault("panic at boot"), Rounds / 50, Rounds * 9 / 10);
        Assert.InRange(
            outcomes.Where(static outcome => outcome.Key.StartsWith("runs", StringComparison.Ordinal)).Sum(static outcome => outcome.Value),
            Rounds / 50,
            Rounds);
    }

    private static string DamageOne(Random random, ref string damage)
    {
        using var left = new HandedOver(
            sessions: random.Next(8) == 0 ? 52 : random.Next(3),
            files: random.Next(8) == 0 ? 64 : random.Next(3),
            hugeBytes: random.Next(4) == 0 ? (2 << 20) + 1 : 0);

        // The pages of files are a host file's, or plain memory on a machine that got all of it from elsewhere.
        using EmulatedMachine? other = random.Next(2) == 0
            ? new EmulatedMachine(left.Machine.Options, left.Memory, left.Machine.Handover!.Value)
            : null;
        EmulatedMachine machine = other ?? left.Machine;
        var applied = new Damage(random, machine.Memory, left.Records.Tree.PreservedMemoryMap!.Value);
        applied.Apply();
        damage = applied.ToString();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(machine);
        string outcome = new NextKernel(machine, left).Run(random);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        return outcome;
    }

    // The reader of whole handovers gives records, or names what is wrong.
    private static void ReadAll(EmulatedMachine machine)
    {
        try
        {
            Handover handover = HandoverReader.Read(machine.Memory, machine.Handover!.Value.FdtAddress);
            foreach (HandoverFile file in handover.Sessions.SelectMany(static session => session.Files))
            {
                file.Memfd?.CopyTo(machine.Memory, Stream.Null);
            }
        }
        catch (KhoFormatException error)
        {
            Assert.NotEmpty(error.Message);
        }
    }

    // Of memory files and placeholders only: the runtime opens others as it likes, a memfd of its own among them.
    private static string[] OpenDescriptors() =>
    [
        .. Directory.GetFiles("/proc/self/fd").Select(static path => new FileInfo(path).LinkTarget)
            .OfType<string>()
            .Where(static target => target.StartsWith("/memfd:memory", StringComparison.Ordinal)
                || target == "/memfd: (deleted)"
                || target.StartsWith("/dev/null", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];
}
