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
            recorder.Add(
                ResultRow.Counted(OperationNames.HandoverMemory, ResidentMemory.OfHandover(folio), ("size", size), ("folio", folio)));
        }

        recorder.Add(recorder.Run<HandoverBenchmarks>(Recorder.Short(10), OperationNames.MemoryCopy));
        recorder.Add(recorder.Run<UpdateBenchmarks>(Recorder.Short(10), OperationNames.CopyThroughTmpfs)
            .Select(static row => row.With("content", "dense")));
        recorder.Add(recorder.Run<SparseUpdateBenchmarks>(Recorder.Slow, OperationNames.CopyThroughTmpfs)
            .Select(static row => row.With("content", "sparse")));
        recorder.Add(recorder.Run<TmpfsCopyBenchmarks>(Recorder.Slow, OperationNames.MemoryCopy));
        recorder.Add(recorder.Run<DiskCopyBenchmarks>(Recorder.Slow, OperationNames.MemoryCopy));
        PopulatedMemory.Release();
        recorder.Add(
            from folio in new[] { FolioSize.Small, FolioSize.Huge }
            from bytes in Scale.SmallSizes
            select ResultRow.Counted(OperationNames.Metadata, HandoverMetadata.PerFolio(bytes, folio), ("size", bytes), ("folio", folio)));
    }

    private static void Limits(Recorder recorder) =>
        recorder.Add(recorder.Run<LimitBenchmarks>(Recorder.Repeated(50), null));

    private static void MemoryFiles(Recorder recorder)
    {
        recorder.Add(recorder.Run<MemfdBenchmarks>(Recorder.Repeated(20), OperationNames.SystemCall));
        recorder.Add(recorder.Run<PopulateBenchmarks>(Recorder.Short(10), OperationNames.MemoryCopy));
    }

    private static void Sessions(Recorder recorder)
    {
        const int Calls = 16_384;
        Job many = Recorder.Short(50);
        recorder.Add(recorder.Run<CreateBenchmarks>(Scale.IsSmoke ? many : many.WithInvocationCount(Calls), OperationNames.SystemCall));
        recorder.Add(recorder.Run<RetrieveSessionBenchmarks>(Recorder.Short(15), OperationNames.SystemCall));
        recorder.Add(recorder.Run<FinishBenchmarks>(Recorder.Short(15), OperationNames.SystemCall));
        recorder.Add(recorder.Run<HandoverSessionsBenchmarks>(Recorder.Short(10), OperationNames.SystemCall));
    }

    private static void Files(Recorder recorder)
    {
        recorder.Add(recorder.Run<PreserveBenchmarks>(Recorder.Short(50), OperationNames.SystemCall));
        recorder.Add(recorder.Run<RetrieveFileBenchmarks>(Recorder.Short(5), OperationNames.SystemCall));
        recorder.Add(recorder.Run<HandoverFilesBenchmarks>(Recorder.Short(5), OperationNames.SystemCall));
    }

    private static void Codecs(Recorder recorder)
    {
        recorder.Add(recorder.Run<RecordBenchmarks>(Recorder.Repeated(15), OperationNames.SystemCall));
        recorder.Add(recorder.Run<BlockBenchmarks>(Recorder.Repeated(15), OperationNames.MemoryCopy));
        recorder.Add(recorder.Run<RadixTreeBenchmarks>(Recorder.Repeated(15), OperationNames.MemoryCopy));
        recorder.Add(recorder.Run<VmallocListBenchmarks>(Recorder.Repeated(15), OperationNames.MemoryCopy));
        recorder.Add(recorder.Run<FdtBenchmarks>(Recorder.Repeated(15), OperationNames.MemoryCopy));
    }

    private static void Decode(Recorder recorder)
    {
        recorder.Add(recorder.Run<DecodeFilesBenchmarks>(Recorder.Repeated(10), OperationNames.MemoryCopy));
        recorder.Add(recorder.Run<DecodeFoliosBenchmarks>(Recorder.Repeated(10), OperationNames.MemoryCopy));
    }

    private static void Catalogue(Recorder recorder) =>
        recorder.Add(recorder.Run<CatalogueBenchmarks>(Recorder.Repeated(15), OperationNames.MemoryCopy));

    private static void Arrays(Recorder recorder)
    {
        IReadOnlyList<ResultRow> rows = recorder.Run<ArrayBenchmarks>(Recorder.Repeated(20), OperationNames.MemoryCopy);
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
