using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Reads flattened device trees, and what KHO and LUO take from them.</summary>
internal sealed class DeviceTreeTarget() : FuzzTarget("device-tree")
{
    private static readonly string[] Names =
    [
        "compatible", "preserved-memory-map", "preserved-data", "blob-size", "fdt", "LUO", "kexec-metadata", "liveupdate-number",
        "luo-session",
        "luo-session-header", "luo-flb", "luo-flb-header", "p", "a-name-of-thirty-one-characters",
    ];

    public override Cost Limit => new(8192, 64);

    public override IReadOnlyList<byte[]> Snippets { get; } =
        [[0, 0, 0, 1], [0, 0, 0, 1, 0, 0, 0, 0], [
            0, 0, 0, 2], [0, 0, 0, 3], [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 4], [0, 0, 0, 9], "kho-v4\0"u8.ToArray()];

    public override byte[] Generate(Random random)
    {
        if (random.Next(4) == 0)
        {
            return new LuoFdtV1((ulong)random.NextInt64(), Maybe(random), Maybe(random)).ToArray();
        }

        if (random.Next(3) == 0)
        {
            var root = new KhoRootFdt((ulong)random.NextInt64(), random.Next(3) switch { 0 => "kho-v1", 1 => "kho-v3", _ => "kho-v4" });
            for (int i = random.Next(4); i > 0; i--)
            {
                root.AddSubtree(Names[random.Next(Names.Length)], (ulong)random.NextInt64(), (ulong)random.NextInt64());
            }

            return root.ToArray();
        }

        var writer = new KhoFdtWriter();
        WriteNode(random, writer, 1);
        writer.Finish();
        return writer.ToArray();
    }

    public override object? Parse(byte[] input)
    {
        try
        {
            KhoFdt tree = KhoFdt.Read(input);
            KhoRootFdt.Read(tree);
            if (tree.Root.NativeUInt64(LuoFdtV1.LUO_FDT_LIVEUPDATE_NUM) is not null)
            {
                LuoFdtV1.Read(tree);
            }

            return tree;
        }
        catch (KhoFormatException)
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var tree = (KhoFdt)parsed;
        Require(tree.Available <= input.Length, "more bytes are there than there are");
        Require(tree.IsTruncated || tree.IsComplete, "a tree that is there is not complete");
        if (!tree.IsComplete)
        {
            Require(!isSound, "a sound tree is not complete");
            return;
        }

        var writer = new KhoFdtWriter();
        Write(writer, tree.Root);
        writer.Finish();
        byte[] written = writer.ToArray();
        Require(Same(KhoFdt.Read(written).Root, tree.Root, isRoot: true), "it is another tree when it is written and read again");
    }

    private static ulong? Maybe(Random random) => random.Next(2) == 0 ? (ulong)random.NextInt64() : null;

    private static void WriteNode(Random random, KhoFdtWriter writer, int depth)
    {
        for (int i = random.Next(4); i > 0; i--)
        {
            var value = new byte[random.Next(24)];
            random.NextBytes(value);
            writer.Property(Names[random.Next(Names.Length)], value);
        }

        for (int i = random.Next(depth < 6 ? 3 : 0); i > 0; i--)
        {
            writer.BeginNode(Names[random.Next(Names.Length)]);
            WriteNode(random, writer, depth + 1);
            writer.EndNode();
        }
    }

    private static void Write(KhoFdtWriter writer, KhoFdtNode node)
    {
        foreach (KhoFdtProperty property in node.Properties)
        {
            writer.Property(property.Name!, property.Value);
        }

        foreach (KhoFdtNode child in node.Children)
        {
            writer.BeginNode(child.Name);
            Write(writer, child);
            writer.EndNode();
        }
    }

    // The writer's root has no name.
    private static bool Same(KhoFdtNode first, KhoFdtNode second, bool isRoot = false) =>
        (isRoot || first.Name == second.Name)
        && first.Properties.Count == second.Properties.Count
        && first.Children.Count == second.Children.Count
        && first.Properties.Zip(second.Properties)
            .All(static pair => pair.First.Name == pair.Second.Name && pair.First.Value.AsSpan().SequenceEqual(pair.Second.Value))
        && first.Children.Zip(second.Children).All(static pair => Same(pair.First, pair.Second));
}
