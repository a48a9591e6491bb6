using LuoInterop.MemoryImages;
using LuoInterop.Tests.Shared.ImageWriters;
using Dump = LuoInterop.MemoryImages.MemoryImage;

namespace LuoInterop.Fuzz;

/// <summary>Reads images of physical memory: headers, bitmaps, and each page.</summary>
internal abstract class DumpTarget(string name) : FuzzTarget(name)
{
    private const ulong MostPages = 64;
    private const int Frames = 24;

    // Unpacking a page of zlib takes a buffer of its own, and 24 bytes of a descriptor name one.
    public override Cost Limit => new(1 << 20, 1024);

    public override IReadOnlyList<byte[]> Snippets { get; } =
    [
        "KDUMP   "u8.ToArray(), [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1], "makedumpfile\0\0\0\0"u8.ToArray(),
        [0xff, 0xff, 0xff, 0xff],
    ];

    public override object? Parse(byte[] input)
    {
        try
        {
            using var image = Dump.Open(new MemoryStream(input, writable: false));
            return new Result(image.Format, ReadPages(image), image.IsComplete);
        }
        catch (MemoryImageException)
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var result = (Result)parsed;
        Require(!isSound || (result.Pages > 0 && result.IsComplete), "a sound image has no pages, or is said to be cut off");
    }

    /// <summary>Makes a few pages, of which some are alike and some are left out.</summary>
    protected static RawPages Pages(Random random)
    {
        var pages = new RawPages(Frames);
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            byte[] page = new byte[RawPages.PageSize];
            random.NextBytes(page.AsSpan(0, random.Next(1, 256)));
            pages.Pages[(ulong)random.Next(Frames)] = page;
        }

        return pages;
    }

    // The beginning of each range that has pages; an image may say that it has more than can be looked at.
    private static int ReadPages(Dump image)
    {
        int read = 0;
        byte[] page = new byte[Dump.PageSize];
        ulong looked = 0;
        for (ulong at = 0; looked < MostPages && image.TryFindData(at, out MemoryRange data); looked++)
        {
            Require(data.Length > 0 && data.Address >= at && data.End <= image.End, "data outside of memory");
            at = data.Address;
            if (image.TryRead(at, page.AsSpan(0, (int)Math.Min(data.Length, Dump.PageSize))))
            {
                read++;
            }

            PageState state = image.GetState(at);
            Require(state is not PageState.Absent, "data where there is no memory");
            Require(image.Count(at, 3).Total == 3, "pages are counted twice, or not at all");
            Require(image.Explain(at).Length > 0, "no words");
            at = Math.Min(data.End, (at & ~(Dump.PageSize - 1UL)) + Dump.PageSize);
        }

        Require(image.GetState(image.End) == PageState.Absent || image.End % Dump.PageSize != 0, "memory behind its end");
        Require(
            !image.TryRead(ulong.MaxValue, page.AsSpan(0, 1)) && !image.TryRead(ulong.MaxValue - 4094, page), "memory at the end of all");
        return read;
    }

    private sealed record Result(MemoryImageFormat Format, int Pages, bool IsComplete);
}

/// <summary>Reads kdump-compressed files of each packing and version.</summary>
internal sealed class KdumpTarget() : DumpTarget("image-kdump")
{
    public override byte[] Generate(Random random) => Write(random);

    /// <summary>Makes a sound file.</summary>
    public static byte[] Write(Random random)
    {
        RawPages pages = Pages(random);
        return new KdumpWriter(pages)
        {
            Packing = Enum.GetValues<Packing>()[random.Next(5)],
            Version = random.Next(7),
            Level = random.Next(32),
            VmCoreInfo = random.Next(2) == 0 ? "OSRELEASE=7.3.4\nPAGESIZE=4096\n" : null,
            Excluded = new HashSet<ulong>(pages.Pages.Keys.Where(_ => random.Next(4) == 0)),
        }.Write();
    }
}

/// <summary>Reads ELF cores.</summary>
internal sealed class ElfCoreTarget() : DumpTarget("image-elf")
{
    public override byte[] Generate(Random random) =>
        ElfWriter.Write(Pages(random), random.Next(2) == 0 ? "OSRELEASE=7.3.4\n" : null, random.Next(2) == 0);
}

/// <summary>Reads flattened files.</summary>
internal sealed class FlattenedTarget() : DumpTarget("image-flattened")
{
    public override byte[] Generate(Random random) =>
        FlattenedWriter.Write(random.Next(2) == 0 ? KdumpTarget.Write(random) : ElfWriter.Write(Pages(random)), random);
}

/// <summary>Finds handovers in memory, and reads what is left of them.</summary>
internal sealed class HandoverSearchTarget() : FuzzTarget("handover-search")
{
    private readonly HandoverTarget _memory = new();

    // Each of a capped number of trees is read.
    public override Cost Limit => new(8 << 20, 4096);

    public override bool IsMemory => true;

    public override byte[] Generate(Random random) => _memory.Generate(random);

    public override object? Parse(byte[] input)
    {
        byte[] core =
        [
            .. ElfWriter.Header(1),
            .. ElfWriter.Program(1, 120, MemoryImage.Base, (ulong)input.Length, (ulong)input.Length), .. input,
        ];
        try
        {
            using var image = Dump.Open(new MemoryStream(core));
            HandoverSearchResult result = HandoverSearch.Find(image);
            foreach (FoundHandover found in result.Handovers)
            {
                long bytes = found.Handover.Sessions.SelectMany(static session => session.Files)
                    .Sum(static file => file.Memfd?.Extents().Sum(static extent => (long)Math.Min(extent.Length, 1UL << 40)) ?? 0);
                Require(bytes >= 0, "files have less than nothing");
            }

            return result.Handovers.Count > 0 ? result : null;
        }
        catch (MemoryImageException)
        {
            // Without a byte there is no segment.
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var result = (HandoverSearchResult)parsed;
        Require(!isSound || result.Handovers[0].Handover.Sessions.Count > 0, "a sound handover is not found");
    }
}
