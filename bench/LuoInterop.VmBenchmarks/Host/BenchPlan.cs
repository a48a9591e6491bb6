namespace LuoInterop.VmBenchmarks;

/// <summary>Says what is measured, in which order.</summary>
internal static class BenchPlan
{
    private const long MiB = 1 << 20;
    private const int Page = UpdateSize.Page;

    /// <summary>Gets a live update that carries nothing: what every kexec costs.</summary>
    public static UpdateSize Nothing => default;

    /// <summary>Gives the works of the VM with live update.</summary>
    /// <remarks>
    /// Each repetition goes through all of them, so that what changes on the host meets all; and single calls take another time in
    /// another boot, by where the kernel and the runtime lie in memory.
    /// </remarks>
    public static IReadOnlyList<IWork> LiveUpdate(BenchOptions options)
    {
        var works = new List<IWork>();
        for (int i = 0; i < options.Repeats; i++)
        {
            if (options.Parts.Contains("calls"))
            {
                (int warmUp, int rounds) = Rounds(options);
                works.Add(new CallsWork(warmUp, rounds));
            }

            if (options.Parts.Contains("updates"))
            {
                works.AddRange(Updates(options).Select(static size => new UpdateWork(size)));
            }
        }

        return works;
    }

    /// <summary>Gives the calls that need no live update, which the host's own processor makes too: there nothing is translated.</summary>
    public static IReadOnlyList<ICallCycle> OnHost(BenchOptions options) =>
        options.Parts.Contains("calls") ? [new SystemCallCycle(), new MemfdCycle()] : [];

    /// <summary>Measures calls on the host.</summary>
    public static IReadOnlyList<CallResult> Measure(ICallCycle cycle, BenchOptions options)
    {
        (int warmUp, int rounds) = Rounds(options);
        return CallRounds.Measure(cycle, warmUp, rounds);
    }

    /// <summary>Gives the works of the VM without live update.</summary>
    public static IReadOnlyList<IWork> Disk(BenchOptions options)
    {
        var works = new List<IWork>();
        for (int i = 0; options.Parts.Contains("disk") && i < options.Repeats; i++)
        {
            works.AddRange(Sizes(options).Where(static bytes => bytes <= 1 << 30).Select(static bytes => new DiskWork(bytes)));
        }

        return works;
    }

    private static (int WarmUp, int Counted) Rounds(BenchOptions options) => options.Smoke ? (1, 1) : (24, 200);

    private static IEnumerable<UpdateSize> Updates(BenchOptions options) => options.Smoke
        ? [new UpdateSize(8 * MiB, true, 2, 2)]
        :
        [
            Nothing,
            .. Sizes(options).Select(static bytes => new UpdateSize(bytes, false, 1, 1)),
            .. Sizes(options).Select(static bytes => new UpdateSize(bytes, true, 1, 1)),
            .. ((int[])[1, 20, 200, 2000]).Select(static count => new UpdateSize(Page, false, count, 1)),
            .. ((int[])[10, 100, 500]).Select(static count => new UpdateSize(Page, false, 1, count)),
        ];

    private static IEnumerable<long> Sizes(BenchOptions options) => options.Smoke
        ? [8 * MiB]
        : ((long[])[64 * MiB, 256 * MiB, 1024 * MiB, 4096 * MiB]).Where(bytes => bytes <= options.MemoryMiB * MiB / 2);
}
