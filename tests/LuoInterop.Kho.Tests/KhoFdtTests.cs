using System.Buffers.Binary;
using System.Text;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

public class KhoFdtTests
{
    [Fact]
    public void Writer_GivesTheBytesOfLibfdt()
    {
        var fdt = new KhoRootFdt(GoldenFdt.MemoryMap);
        Assert.Equal(GoldenFdt.Finished, fdt.ToArray());

        Assert.Equal(Errno.None, fdt.AddSubtree("kexec-metadata", GoldenFdt.MetadataAddress, KexecMetadata.Size));
        Assert.Equal(GoldenFdt.WithMetadata, fdt.ToArray());
        Assert.Equal(233, fdt.ToArray().Length);

        Assert.Equal(Errno.None, fdt.AddSubtree("LUO", GoldenFdt.LuoAddress, LuoSer.Size));
        Assert.Equal(GoldenFdt.WithLuo, fdt.ToArray());
        Assert.Equal(285, fdt.ToArray().Length);

        Assert.True(fdt.RemoveSubtree(GoldenFdt.MetadataAddress));
        Assert.Equal(GoldenFdt.WithoutMetadata, fdt.ToArray());
        Assert.False(fdt.RemoveSubtree(GoldenFdt.MetadataAddress));
    }

    [Fact]
    public void KhoV1_IsTheBytesOfLibfdt()
    {
        var fdt = new KhoRootFdt(0, KhoRootFdt.KHO_FDT_COMPATIBLE_V1);
        Assert.Equal(GoldenFdt.KhoV1, fdt.ToArray());
        Assert.Equal(Errno.None, fdt.AddSubtree("LUO", GoldenFdt.LuoAddress, 311));
        fdt.SetMemoryMap(GoldenFdt.MemoryMap);
        Assert.Equal(GoldenFdt.KhoV1WithLuo, fdt.ToArray());
        KhoTree tree = KhoRootFdt.Read(KhoFdt.Read(GoldenFdt.KhoV1WithLuo));
        Assert.Equal(("kho-v1", GoldenFdt.MemoryMap), (tree.Compatible, tree.PreservedMemoryMap));
        Assert.Equal([new KhoSubTree("LUO", GoldenFdt.LuoAddress, null)], tree.SubTrees);
    }

    [Fact]
    public void LuoV1_IsTheBytesOfLibfdt()
    {
        var head = new LuoFdtV1(3, GoldenFdt.SessionHeader, GoldenFdt.FlbHeader);
        Assert.Equal(GoldenFdt.LuoV1, head.ToArray());
        Assert.Equal(head, LuoFdtV1.Read(KhoFdt.Read(GoldenFdt.LuoV1)));
        var linux619 = new LuoFdtV1(3, GoldenFdt.SessionHeader, null);
        Assert.Equal(GoldenFdt.LuoV1WithoutFlb, linux619.ToArray());
        Assert.Equal(linux619, LuoFdtV1.Read(KhoFdt.Read(linux619.ToArray())));
    }

    [Fact]
    public void LuoV1_WithoutItsNumber_IsNamed()
    {
        var writer = new KhoFdtWriter();
        writer.Property("compatible", "luo-v1");
        writer.Property("liveupdate-number", [1, 2, 3, 4]);
        writer.Finish();
        Assert.Equal(KhoFormatError.BadProperty, ErrorOf(() => LuoFdtV1.Read(KhoFdt.Read(writer.ToArray()))));
    }

    [Fact]
    public void Writer_SharesTheEndOfANameThatIsThere()
    {
        var writer = new KhoFdtWriter();
        writer.Property("blob-size", [1]);
        writer.Property("size", [2]);
        writer.Finish();
        byte[] bytes = writer.ToArray();
        KhoFdt fdt = KhoFdt.Read(bytes);
        Assert.Equal(10U, fdt.Header.SizeDtStrings);
        Assert.Equal([1], fdt.Root.Property("blob-size"));
        Assert.Equal([2], fdt.Root.Property("size"));
    }

    [Fact]
    public void AddSubtree_RefusesASecondOfTheName_AndAFullPage()
    {
        var fdt = new KhoRootFdt(0x1000);
        Assert.Equal(Errno.None, fdt.AddSubtree("a", 0x2000, 1));
        Assert.Equal(Errno.EEXIST, fdt.AddSubtree("a", 0x3000, 1));

        int count = 1;
        Errno error;
        byte[] before;
        do
        {
            before = fdt.ToArray();
            error = fdt.AddSubtree($"tree-{count++}", 0x4000, 1);
        }
        while (error == Errno.None);

        Assert.Equal(Errno.ENOMEM, error);
        Assert.Equal(before, fdt.ToArray());
        Assert.InRange(before.Length, KhoRootFdt.PageSize - 60, KhoRootFdt.PageSize);
    }

    [Fact]
    public void Read_OfAWholeTree_GivesEveryNodeInTheTreesOrder()
    {
        KhoFdt fdt = KhoFdt.Read(GoldenFdt.WithLuo);
        Assert.False(fdt.IsTruncated);
        Assert.True(fdt.IsComplete);
        KhoTree tree = KhoRootFdt.Read(fdt);
        Assert.Equal("kho-v4", tree.Compatible);
        Assert.Equal(GoldenFdt.MemoryMap, tree.PreservedMemoryMap);
        Assert.Equal(
            [new KhoSubTree("LUO", GoldenFdt.LuoAddress, 32), new KhoSubTree("kexec-metadata", GoldenFdt.MetadataAddress, 73)],
            tree.SubTrees);
    }

    // From the first byte after the header to the last but one: always as much as is sound, and never more than the whole has.
    [Fact]
    public void Read_OfEveryCut_GivesAPrefixOfTheTree()
    {
        KhoTree whole = KhoRootFdt.Read(KhoFdt.Read(GoldenFdt.WithLuo));
        for (int length = KhoFdtHeader.Size; length < 285; length++)
        {
            KhoFdt fdt = KhoFdt.Read(GoldenFdt.WithLuo.AsSpan(0, length));
            Assert.True(fdt.IsTruncated);
            Assert.False(fdt.IsComplete);
            Assert.Equal(length, fdt.Available);
            KhoTree tree = KhoRootFdt.Read(fdt);
            Assert.True(tree.Compatible is null || tree.Compatible == whole.Compatible);
            Assert.Equal(
                whole.SubTrees.Take(tree.SubTrees.Count).Select(static sub => sub.Name), tree.SubTrees.Select(static sub => sub.Name));
            Assert.All(tree.SubTrees.Zip(whole.SubTrees), static pair => Assert.True(
                (pair.First.PreservedData is null || pair.First.PreservedData == pair.Second.PreservedData)
                && (pair.First.BlobSize is null || pair.First.BlobSize == pair.Second.BlobSize)));
        }
    }

    [Fact]
    public void Read_OfACutHeader_IsTruncated()
    {
        for (int length = 0; length < KhoFdtHeader.Size; length++)
        {
            byte[] bytes = GoldenFdt.WithLuo[..length];
            Assert.Equal(KhoFormatError.Truncated, ErrorOf(() => KhoFdt.Read(bytes)));
        }
    }

    [Fact]
    public void Read_IgnoresTheRestOfThePage()
    {
        byte[] page = new byte[4096];
        page.AsSpan().Fill(0xcc);
        GoldenFdt.WithLuo.CopyTo(page, 0);
        Assert.Equal(2, KhoFdt.Read(page).Root.Children.Count);
    }

    [Theory]
    [InlineData(0, 0x7f454c46U, "BadMagic")]
    [InlineData(1, 0xffffffffU, "TooLarge")]
    [InlineData(1, 0x40U, "BadLayout")]
    [InlineData(2, 0xfffffffcU, "BadLayout")]
    [InlineData(2, 0x39U, "BadLayout")]
    [InlineData(2, 0x00U, "BadLayout")]
    [InlineData(3, 0xffffffffU, "BadLayout")]
    [InlineData(4, 0x11dU, "BadLayout")]
    [InlineData(5, 16U, "UnsupportedVersion")]
    [InlineData(6, 18U, "UnsupportedVersion")]
    [InlineData(8, 0xffffffffU, "BadLayout")]
    [InlineData(8, 3U, "BadLayout")]
    [InlineData(9, 0xffffffffU, "BadLayout")]
    [InlineData(9, 40U, "BadLayout")]
    public void Read_OfABadHeader_NamesIt(int word, uint value, string expected) =>
        Assert.Equal(expected, ErrorOf(() => KhoFdt.Read(With(word * 4, value))).ToString());

    [Theory]
    [InlineData(0, 7U)] // no such token
    [InlineData(0, KhoFdt.FDT_END_NODE)] // the end before a node
    [InlineData(0, KhoFdt.FDT_PROP)] // a property before the root
    [InlineData(0, KhoFdt.FDT_END)] // no root
    [InlineData(12, 0x10000U)] // a property longer than the block
    [InlineData(16, 57U)] // a name after the strings
    [InlineData(164, KhoFdt.FDT_NOP)] // the root never ends
    [InlineData(168, KhoFdt.FDT_NOP)] // the block never ends
    [InlineData(168, KhoFdt.FDT_BEGIN_NODE)] // a second root
    public void Read_OfABadStructure_NamesIt(int offset, uint value) =>
        Assert.Equal(KhoFormatError.BadLayout, ErrorOf(() => KhoFdt.Read(With(56 + offset, value))));

    [Fact]
    public void Read_OfAPropertyAfterANode_NamesIt()
    {
        // The sub-tree LUO, made into a tree of its own end and begin: END_NODE of LUO becomes a NOP, so the next node is its child.
        byte[] bytes = GoldenFdt.WithLuo;
        int end = bytes.AsSpan().IndexOf("kexec-metadata"u8) - 8;
        Assert.Equal(2U, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(end)));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(end), 4);
        Assert.Equal(KhoFormatError.BadLayout, ErrorOf(() => KhoFdt.Read(bytes)));
    }

    [Fact]
    public void Read_OfADeepTree_StopsAtTheCap()
    {
        Assert.Single(KhoFdt.Read(Nested(KhoFdt.MaxDepth - 1)).Root.Children);
        Assert.Equal(KhoFormatError.TooLarge, ErrorOf(() => KhoFdt.Read(Nested(KhoFdt.MaxDepth))));
    }

    private static byte[] Nested(int nodes)
    {
        var writer = new KhoFdtWriter();
        for (int i = 0; i < nodes; i++)
        {
            writer.BeginNode("n");
        }

        for (int i = 0; i < nodes; i++)
        {
            writer.EndNode();
        }

        writer.Finish();
        return writer.ToArray();
    }

    [Fact]
    public void Names_KeepEveryByte()
    {
        string name = Encoding.Latin1.GetString([.. Enumerable.Range(1, 255).Select(static value => (byte)value)]);
        var fdt = new KhoRootFdt(0x1000);
        Assert.Equal(Errno.None, fdt.AddSubtree(name, 0x2000, 1));
        Assert.Equal(name, Assert.Single(KhoRootFdt.Read(KhoFdt.Read(fdt.ToArray())).SubTrees).Name);
    }

    // A device tree's names have 31 characters. More were a string as long as the tree for every property of a few bytes.
    [Theory]
    [InlineData(KhoFdt.MaxPropertyName, true)]
    [InlineData(KhoFdt.MaxPropertyName + 1, false)]
    public void NameOfAProperty_IsReadUpToTheCap(int length, bool accepted)
    {
        var writer = new KhoFdtWriter();
        writer.Property(new string('p', length), "value");
        writer.Finish();
        if (accepted)
        {
            Assert.Equal(new string('p', length), Assert.Single(KhoFdt.Read(writer.ToArray()).Root.Properties).Name);
        }
        else
        {
            Assert.Equal(KhoFormatError.BadName, ErrorOf(() => KhoFdt.Read(writer.ToArray())));
        }
    }

    private static byte[] With(int offset, uint value)
    {
        byte[] bytes = GoldenFdt.WithLuo;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);
        return bytes;
    }

    private static KhoFormatError ErrorOf(Action decode) => Assert.Throws<KhoFormatException>(decode).Error;
}
