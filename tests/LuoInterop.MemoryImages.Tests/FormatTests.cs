using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Shared.ImageWriters;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Reads the same memory in every format: sessions, files and their bytes are the same.</summary>
public sealed class FormatTests(FormatTests.Memory memory) : IClassFixture<FormatTests.Memory>
{
    private const string Info = "OSRELEASE=7.3.4\nPAGESIZE=4096\nNUMBER(phys_base)=0\n";

    [Fact]
    public void Raw_IsRead_AndItsHolesAreKnown()
    {
        using MemoryImage image = MemoryImage.Open(memory.Made.Raw);
        Assert.Equal((MemoryImageFormat.Raw, false, true), (image.Format, image.IsFlattened, image.IsComplete));
        Assert.Equal([new MemoryRange(0, 512UL << 20)], image.Ranges);
        Expect.Whole(memory.Made, image);
        PageCounts counts = image.Count(0, (512UL << 20) / 4096);
        Assert.Equal((131072UL, 0UL, true), (counts.Total, counts.Excluded, counts.IsWhole));
        Assert.InRange(counts.Zero, 100_000UL, 131_000UL);
        Assert.Equal(PageState.Zero, image.GetState(0));
        Assert.Equal(PageState.Present, image.GetState(0x9000));
        Assert.Equal(PageState.Absent, image.GetState(512UL << 20));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ElfCore_IsRead(bool overlap)
    {
        using MemoryImage image = Open(ElfWriter.Write(memory.Pages, Info, overlap));
        Assert.Equal((MemoryImageFormat.ElfCore, true), (image.Format, image.IsComplete));
        Assert.Equal(("7.3.4", 4096), (image.VmCoreInfo?.Release, image.VmCoreInfo?.PageSize));
        Assert.Equal("0", image.VmCoreInfo?["NUMBER(phys_base)"]);
        Expect.Whole(memory.Made, image);

        // Pages that the segments name and have no bytes of were left out; the file does not say why.
        ulong hole = memory.Pages.Pages.Keys.Last() + 1 + ElfWriter.FewPages;
        Assert.Equal(PageState.Excluded, image.GetState(hole * 4096));
        Assert.Equal("not in the dump (left out when it was written)", image.Explain(hole * 4096));
        Assert.False(image.TryRead(hole * 4096, new byte[8]));
        Assert.Equal(PageState.Absent, image.GetState(0));
    }

    public static TheoryData<string, int> KdumpForms
    {
        get
        {
            var forms = new TheoryData<string, int>();
            foreach (Packing packing in Enum.GetValues<Packing>())
            {
                forms.Add(packing.ToString(), 6);
            }

            foreach (int version in Enumerable.Range(0, 6))
            {
                forms.Add(nameof(Packing.Zlib), version);
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(KdumpForms))]
    public void Kdump_IsRead(string packing, int version)
    {
        byte[] file =
            new KdumpWriter(memory.Pages)
            {
                Packing = Enum.Parse<Packing>(packing), Version = version, VmCoreInfo = Info, Level = 1,
            }.Write();
        using MemoryImage image = Open(file);
        Assert.Equal((MemoryImageFormat.KdumpCompressed, true), (image.Format, image.IsComplete));
        Assert.Equal("7.3.4", image.Release);
        Assert.Equal(version >= 1 ? 1 : null, image.DumpLevel);
        Assert.Equal(version >= 3, image.VmCoreInfo is not null);
        Expect.Whole(memory.Made, image);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 3)]
    public void Flattened_IsRead(bool isKdump, int seed)
    {
        byte[] file = isKdump ? new KdumpWriter(memory.Pages).Write() : ElfWriter.Write(memory.Pages);
        using MemoryImage image = Open(FlattenedWriter.Write(file, new Random(seed)));
        Assert.Equal(
            (isKdump ? MemoryImageFormat.KdumpCompressed : MemoryImageFormat.ElfCore, true, true),
            (image.Format, image.IsFlattened, image.IsComplete));
        Expect.Whole(memory.Made, image);
    }

    [Fact]
    public void Flattened_WithoutItsEnd_IsRead_AndSaidToBeCut()
    {
        byte[] flattened = FlattenedWriter.Write(ElfWriter.Write(memory.Pages), new Random(1), end: false);
        using MemoryImage image = Open(flattened);
        Assert.False(image.IsComplete);
        Expect.Whole(memory.Made, image);
    }

    private static MemoryImage Open(byte[] file) => MemoryImage.Open(new MemoryStream(file));

    public sealed class Memory : IDisposable
    {
        internal HandedOver Made { get; } = new();

        internal RawPages Pages => field ??= new RawPages(Made.Raw);

        public void Dispose() => Made.Dispose();
    }
}
