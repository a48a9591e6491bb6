using System.Globalization;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;
using LuoInterop.Kho;

namespace LuoInterop.Cli.Kho;

/// <summary>Prints Kexec HandOver for people.</summary>
internal static class KhoText
{
    public static void Write(TextOutput output, KhoOverview overview)
    {
        output.Field("kernel", overview.Release ?? "?");
        KhoReading<IReadOnlyList<(string Name, KhoReading<byte[]> Bytes)>> trees = overview.Out.SubTrees;
        if (trees.State == KhoState.Absent)
        {
            output.Field(
                "KHO", trees.Absence == KhoAbsence.KhoOff ? $"off. {trees.Detail}" : $"cannot be seen. {trees.Detail}", Tone.Bad);
            return;
        }

        output.Field("KHO", $"on. {overview.Chain}.", Tone.Good);
        output.Field("LUO", Luo(overview.Out.Luo), overview.Out.Luo.State == KhoState.Present ? Tone.Good : Tone.Caution);
        WriteAreas(output, overview);
        output.Heading("Handed over by the kernel before");
        WriteSide(output, overview.In);
        output.Heading("Will be handed over to the next kernel");
        WriteSide(output, overview.Out);
    }

    private static void WriteAreas(TextOutput output, KhoOverview overview)
    {
        string name = overview.UsesLaterNames ? "bootmem" : "scratch";
        if (!overview.Scratch.TryGetValue(out IReadOnlyList<KhoScratchArea>? areas))
        {
            output.Field(name, overview.Scratch.Detail, Tone.Caution);
            return;
        }

        ulong sum = areas.Aggregate(0UL, static (sum, area) => sum > ulong.MaxValue - area.Length ? ulong.MaxValue : sum + area.Length);
        string cma = overview.CmaFree is { } free
            ? $"; CmaTotal {TextOutput.Size(overview.CmaTotal ?? 0)} does not count it, CmaFree {TextOutput.Size(free)} does"
            : "";
        output.Field(name, $"{TextOutput.Size(sum)} kept for the next kernel{Share(sum, overview.MemoryTotal, " of the memory")}{cma}");
        output.Line();
        output.Table(
            ["area", "address>", "size>", "share>"],
            [
                .. areas.Select((area, i) => (string[])[
                    i switch { 0 => "low memory", 1 => "global", _ => string.Create(CultureInfo.InvariantCulture, $"node {i - 2}") },
                    Hex(area.Address), TextOutput.Size(area.Length), Share(area.Length, overview.MemoryTotal, "").TrimStart(',', ' '),
                ]),
            ],
            2);
    }

    private static void WriteSide(TextOutput output, KhoSide side)
    {
        if (side.Tree.State == KhoState.Absent && side.SubTrees.State == KhoState.Absent)
        {
            output.Paragraph(side.Tree.Detail, 2, Tone.Faint);
            return;
        }

        output.Field("  tree", Tree(side.Tree), side.Tree.State is KhoState.Present or KhoState.Absent ? Tone.Plain : Tone.Caution);
        output.Field("  metadata", side.Metadata.TryGetValue(out KhoKexecMetadata? metadata)
            ? $"Linux {metadata.Release}, kexec number {metadata.KexecCount}" : Missing(side.Metadata));
        output.Field("  LUO", Luo(side.Luo), side.Luo.State == KhoState.Stale ? Tone.Caution : Tone.Plain);
        if (side.ReservedMemory.TryGetValue(out IReadOnlyList<KhoReservedMemory>? reserved))
        {
            foreach (KhoReservedMemory area in reserved)
            {
                output.Field("  reserve_mem", $"{area.Name}: {TextOutput.Size(area.Size)} at {Hex(area.Start)}");
            }
        }

        if (side.SubTrees.TryGetValue(out IReadOnlyList<(string Name, KhoReading<byte[]> Bytes)>? trees) && trees.Count > 0)
        {
            KhoTree? root = side.Tree.TryGetValue(out KhoTree? tree) ? tree : null;
            output.Line();
            output.Table(
                ["sub-tree", "shown>", "address>", "size>"],
                [
                    .. trees.Select(entry => (string[])[
                        entry.Name,
                        entry.Bytes.TryGetValue(out byte[]? bytes) ? TextOutput.Size((ulong)bytes.Length) : $"{entry.Bytes.State}",
                        Find(root, entry.Name)?.PreservedData is { } address ? Hex(address) : "-",
                        Find(root, entry.Name)?.BlobSize is { } size ? TextOutput.Size(size) : "-",
                    ]),
                ],
                2);
        }
    }

    private static KhoSubTree? Find(KhoTree? tree, string name) => tree?.SubTrees.FirstOrDefault(subTree => subTree.Name == name);

    private static string Tree(KhoReading<KhoTree> tree) => tree.TryGetValue(out KhoTree? value)
        ? $"{value.Compatible ?? "its form is cut off"}, preserved memory "
            + (value.PreservedMemoryMap is { } map ? $"listed at {Hex(map)}" : "not named")
            + (tree.State == KhoState.Present ? "" : $". {State(tree.State)}: {tree.Detail}")
        : Missing(tree);

    private static string Luo(KhoReading<LuoState> luo) => luo.TryGetValue(out LuoState? state)
        ? $"{state.Compatible}, live update number {state.LiveUpdateNumber}, "
            + (state.Sessions == 0 ? "no sessions written yet" : $"sessions at {Hex(state.Sessions)}")
            + (luo.Detail.Length > 0 ? $". {luo.Detail}" : "")
        : Missing(luo);

    private static string Missing<T>(KhoReading<T> reading) =>
        reading.State == KhoState.Absent ? reading.Detail : $"{State(reading.State)}: {reading.Detail}";

    private static string State(KhoState state) => state switch
    {
        KhoState.Truncated => "cut short",
        KhoState.Stale => "stale",
        KhoState.UnknownFormat => "of an unknown form",
        KhoState.Malformed => "damaged",
        _ => "absent",
    };

    private static string Hex(ulong number) => string.Create(CultureInfo.InvariantCulture, $"0x{number:x}");

    private static string Share(ulong part, ulong? whole, string of) =>
        whole is > 0 and { } all ? string.Create(CultureInfo.InvariantCulture, $", {100.0 * part / all:0.0}%{of}") : "";
}
