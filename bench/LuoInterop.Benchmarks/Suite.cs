using BenchmarkDotNet.Jobs;
using LuoInterop.Kho;

namespace LuoInterop.Benchmarks;

/// <summary>Names the parts of a run, and measures them.</summary>
internal static class Suite
{
    /// <summary>Gets the parts in the order in which a whole run measures them.</summary>
    /// <remarks>Handover first: memory that an earlier measurement left to this process would not count as new.</remarks>
    public static IReadOnlyList<(string Name, Action<Recorder> Measure)> Parts { get; } =
    [
        ("handover", Handover),
        ("limits", Limits),
        ("memfd", MemoryFiles),
        ("sessions", Sessions),
        ("files", Files),
        ("codecs", Codecs),
        ("decode", Decode),
        ("catalogue", Catalogue),
        ("arrays", Arrays),
    ];

    private static void Handover(Recorder recorder)
    {
        long size = Scale.HandoverSize;
        foreach (int folio in new[] { FolioSize.Huge, FolioSize.Small })
        {
            recorder.Add(ResultRow.Counted(OperationNames.HandoverMemory, ResidentMemory.OfHandover(folio), ("size", size), ("folio", folio)));
        }

        recorder.Add(Recorder.Run<HandoverBenchmarks>(
            Recorder.Short(10), (nameof(HandoverBenchmarks.Handover), OperationNames.Handover, OperationNames.MemoryCopy)));
        recorder.Add(Recorder.Run<UpdateBenchmarks>(
            Recorder.Short(10), (nameof(UpdateBenchmarks.Update), OperationNames.Update, OperationNames.CopyThroughTmpfs))
            .Select(static row => row.With("content", "dense")));
        recorder.Add(Recorder.Run<SparseUpdateBenchmarks>(
            Recorder.Slow, (nameof(SparseUpdateBenchmarks.Update), OperationNames.Update, OperationNames.CopyThroughTmpfs))
            .Select(static row => row.With("content", "sparse")));
        recorder.Add(Recorder.Run<TmpfsCopyBenchmarks>(
            Recorder.Slow, (nameof(TmpfsCopyBenchmarks.Copy), OperationNames.CopyThroughTmpfs, OperationNames.MemoryCopy)));
        recorder.Add(Recorder.Run<DiskCopyBenchmarks>(
            Recorder.Slow, (nameof(DiskCopyBenchmarks.Copy), OperationNames.CopyThroughDisk, OperationNames.MemoryCopy)));
        PopulatedMemory.Release();
        recorder.Add(
            from folio in new[] { FolioSize.Small, FolioSize.Huge }
            from bytes in Scale.SmallSizes
            select ResultRow.Counted(OperationNames.Metadata, HandoverMetadata.PerFolio(bytes, folio), ("size", bytes), ("folio", folio)));
    }

    private static void Limits(Recorder recorder)
    {
        recorder.Add(Recorder.Run<LimitBenchmarks>(
            Recorder.Repeated(50),
            (nameof(LimitBenchmarks.SystemCall), OperationNames.SystemCall, null),
            (nameof(LimitBenchmarks.MemoryCopy), OperationNames.MemoryCopy, null)));
    }

    private static void MemoryFiles(Recorder recorder)
    {
        recorder.Add(Recorder.Run<MemfdBenchmarks>(
            Recorder.Repeated(20),
            (nameof(MemfdBenchmarks.CreateAndClose), "memfd: create and close", OperationNames.SystemCall),
            (nameof(MemfdBenchmarks.SetSize), "memfd: set the size", OperationNames.SystemCall),
            (nameof(MemfdBenchmarks.AddSeals), "memfd: seal", OperationNames.SystemCall),
            (nameof(MemfdBenchmarks.MapAndUnmap), "memfd: map and unmap", OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<PopulateBenchmarks>(
            Recorder.Short(10), (nameof(PopulateBenchmarks.Populate), "memfd: populate", OperationNames.MemoryCopy)));
    }

    private static void Sessions(Recorder recorder)
    {
        const int Calls = 16_384;
        Job many = Recorder.Short(50);
        recorder.Add(Recorder.Run<CreateBenchmarks>(
            Scale.IsSmoke ? many : many.WithInvocationCount(Calls),
            (nameof(CreateBenchmarks.CreateAndClose), OperationNames.Create, OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<RetrieveSessionBenchmarks>(
            Recorder.Short(15),
            (nameof(RetrieveSessionBenchmarks.SessionAndFile), OperationNames.RetrieveSessionAndFile, OperationNames.SystemCall),
            (nameof(RetrieveSessionBenchmarks.Session), OperationNames.RetrieveSession, OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<FinishBenchmarks>(
            Recorder.Short(15), (nameof(FinishBenchmarks.Finish), OperationNames.Finish, OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<HandoverSessionsBenchmarks>(
            Recorder.Short(10), (nameof(HandoverSessionsBenchmarks.Handover), OperationNames.HandoverSessions, OperationNames.SystemCall)));
    }

    private static void Files(Recorder recorder)
    {
        recorder.Add(Recorder.Run<PreserveBenchmarks>(
            Recorder.Short(50), (nameof(PreserveBenchmarks.Preserve), OperationNames.Preserve, OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<RetrieveFileBenchmarks>(
            Recorder.Short(5), (nameof(RetrieveFileBenchmarks.Retrieve), OperationNames.RetrieveFile, OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<HandoverFilesBenchmarks>(
            Recorder.Short(5), (nameof(HandoverFilesBenchmarks.Handover), OperationNames.HandoverFiles, OperationNames.SystemCall)));
    }

    private static void Codecs(Recorder recorder)
    {
        recorder.Add(Recorder.Run<RecordBenchmarks>(
            Recorder.Repeated(15),
            (nameof(RecordBenchmarks.WriteSession), "session record: write", OperationNames.SystemCall),
            (nameof(RecordBenchmarks.ReadSession), "session record: read", OperationNames.SystemCall),
            (nameof(RecordBenchmarks.WriteFile), "file record: write", OperationNames.SystemCall),
            (nameof(RecordBenchmarks.ReadFile), "file record: read", OperationNames.SystemCall),
            (nameof(RecordBenchmarks.WriteMemfd), "memfd record: write", OperationNames.SystemCall),
            (nameof(RecordBenchmarks.ReadMemfd), "memfd record: read", OperationNames.SystemCall)));
        recorder.Add(Recorder.Run<BlockBenchmarks>(
            Recorder.Repeated(15),
            (nameof(BlockBenchmarks.Write), "blocks: write", OperationNames.MemoryCopy),
            (nameof(BlockBenchmarks.Read), "blocks: read", OperationNames.MemoryCopy)));
        recorder.Add(Recorder.Run<RadixTreeBenchmarks>(
            Recorder.Repeated(15),
            (nameof(RadixTreeBenchmarks.Write), "radix tree: write", OperationNames.MemoryCopy),
            (nameof(RadixTreeBenchmarks.Read), "radix tree: read", OperationNames.MemoryCopy),
            (nameof(RadixTreeBenchmarks.Find), "radix tree: find", OperationNames.MemoryCopy)));
        recorder.Add(Recorder.Run<VmallocListBenchmarks>(
            Recorder.Repeated(15),
            (nameof(VmallocListBenchmarks.Write), "vmalloc list: write", OperationNames.MemoryCopy),
            (nameof(VmallocListBenchmarks.Read), "vmalloc list: read", OperationNames.MemoryCopy)));
        recorder.Add(Recorder.Run<FdtBenchmarks>(
            Recorder.Repeated(15),
            (nameof(FdtBenchmarks.Write), "device tree: write", OperationNames.MemoryCopy),
            (nameof(FdtBenchmarks.Read), "device tree: read", OperationNames.MemoryCopy)));
    }

    private static void Decode(Recorder recorder)
    {
        recorder.Add(Recorder.Run<DecodeFilesBenchmarks>(
            Recorder.Repeated(10), (nameof(DecodeFilesBenchmarks.Decode), "decode a memory image: files", OperationNames.MemoryCopy)));
        recorder.Add(Recorder.Run<DecodeFoliosBenchmarks>(
            Recorder.Repeated(10), (nameof(DecodeFoliosBenchmarks.Decode), "decode a memory image: folios", OperationNames.MemoryCopy)));
    }

    private static void Catalogue(Recorder recorder)
    {
        recorder.Add(Recorder.Run<CatalogueBenchmarks>(
            Recorder.Repeated(15),
            (nameof(CatalogueBenchmarks.Write), "catalogue: write", OperationNames.MemoryCopy),
            (nameof(CatalogueBenchmarks.Read), "catalogue: read", OperationNames.MemoryCopy)));
    }

    private static void Arrays(Recorder recorder)
    {
        IReadOnlyList<ResultRow> rows = Recorder.Run<ArrayBenchmarks>(
            Recorder.Repeated(20),
            (nameof(ArrayBenchmarks.WriteList), OperationNames.WriteList, OperationNames.MemoryCopy),
            (nameof(ArrayBenchmarks.WriteArray), OperationNames.WriteArray, OperationNames.MemoryCopy),
            (nameof(ArrayBenchmarks.ReadList), OperationNames.ReadList, OperationNames.MemoryCopy),
            (nameof(ArrayBenchmarks.ReadArray), OperationNames.ReadArray, OperationNames.MemoryCopy));
        foreach (FolioPlacement placement in Scale.Placements)
        {
            string words = placement.InWords();
            var file = new ArrayBenchmarks { Placement = placement };
            file.Populate();
            recorder.Add(rows.Where(row => row.Parameters["placement"].ToString() == words).Select(row => row.DividedBy(file.Folios)));
            recorder.Add(
                ResultRow.Counted(OperationNames.ListBytes, file.Pages.List * 4096L, ("placement", words), ("folios", file.Folios)),
                ResultRow.Counted(OperationNames.ArrayBytes, file.Pages.Array * 4096L, ("placement", words), ("folios", file.Folios)));
        }
    }
}
