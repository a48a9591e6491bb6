using System.Globalization;
using System.Text.Json;
using LuoInterop.VmTesting;
using MiniVmm.Control;

namespace MiniVmm.Benchmarks;

/// <summary>Is one live update of one item, as the program in the next kernel has measured it. Times are nanoseconds.</summary>
/// <param name="Total">The blackout by the guest's counter.</param>
/// <param name="Parts">What it went to, in the order of <see cref="PartNames"/>; the first is before the blackout.</param>
/// <param name="Proof">From the first instruction until it was known that the guest runs; 0 where that is not said.</param>
internal sealed record BlackoutRow(long Total, IReadOnlyList<long> Parts, long Proof)
{
    /// <summary>The names of the parts, and whether they are the program's own.</summary>
    public static readonly IReadOnlyList<(string Name, bool IsOurs)> PartNames =
    [
        ("pause (the guest runs until its end)", true),
        ("save", true),
        ("preserve the state", true),
        ("freeze, reboot(2), the jump", false),
        ("kernel boot to the program", false),
        ("process start to main", true),
        ("open the update", true),
        ("retrieve", true),
        ("rebuild", true),
        ("restore", true),
        ("let it run", true),
    ];

    private const string StatusName = "status";
    private const int KernelBoot = 4;

    /// <summary>Gets what of the blackout can depend on the guest's RAM: all but the kernel's boot from the start of its clock on. What the
    /// kernel does with preserved memory in its boot comes before that (kho_memory_init in mm_core_init), and is in the jump.</summary>
    public long WithoutBoot => Total - Parts[KernelBoot];

    /// <summary>Gets the share of the program's own parts in the blackout.</summary>
    public double OwnShare => (double)Parts.Select(static (part, index) => index > 0 && PartNames[index].IsOurs ? part : 0).Sum() / Total;

    /// <summary>Reads the rows of an item: its kernels are the ones after the first.</summary>
    public static IReadOnlyList<BlackoutRow> Read(VmResult result, int firstKernel, int updates) =>
    [
        .. result.Values
            .Where(value => value.Stage > firstKernel && value.Stage <= firstKernel + updates)
            .Where(static value => value.Name == StatusName || value.Name.StartsWith("blackout ", StringComparison.Ordinal))
            .Select(static value => value.Name == StatusName ? ParseStatus(value.Value) : Parse(value.Value)),
    ];

    // What 'minivmm status --json' says. It does not say when it was known that the guest runs.
    private static BlackoutRow ParseStatus(string json)
    {
        BlackoutStatus blackout = JsonSerializer.Deserialize(json, StatusJson.Default.IReadOnlyListVmStatus) is [{ LastBlackout: { } last }]
            ? last
            : throw new InvalidDataException($"No VM has gone through an update: {json}");
        return new BlackoutRow(blackout.Nanoseconds, [.. blackout.Parts.Select(static part => part.Nanoseconds)], 0);
    }

    private static BlackoutRow Parse(string text)
    {
        long[] numbers = [.. text.Split(' ').Select(static number => long.Parse(number, CultureInfo.InvariantCulture))];
        return numbers.Length == PartNames.Count + 2
            ? new BlackoutRow(numbers[0], numbers[1..^1], numbers[^1])
            : throw new InvalidDataException($"A blackout has {numbers.Length} numbers.");
    }
}
