using System.Globalization;
using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Reads what a run of the VM has sent, work by work.</summary>
internal sealed class RunRecord
{
    private readonly IReadOnlyList<IWork> _works;
    private readonly VmResult _result;
    private readonly IReadOnlyDictionary<int, ConsoleClock.Departure> _departures;
    private readonly (TimeSpan At, double Cycles)[] _moments;

    public RunRecord(IReadOnlyList<IWork> works, VmResult result, IReadOnlyDictionary<int, ConsoleClock.Departure> departures)
    {
        _works = works;
        _result = result;
        _departures = departures;
        _moments = [.. result.Events.Select(static moment => (moment.At, Cycles(moment.Text)))];
        CyclesPerSecond = (_moments[^1].Cycles - _moments[0].Cycles) / (_moments[^1].At - _moments[0].At).TotalSeconds;
    }

    /// <summary>Gets the frequency of the cycle counter, by the host's clock over the whole run.</summary>
    public double CyclesPerSecond { get; }

    /// <summary>Gets what ran the guest's processors.</summary>
    public string Accelerator => _result.Accelerator.ToString();

    /// <summary>Gets the release of the kernel.</summary>
    public string Kernel => _result.Kernels[0].Release;

    /// <summary>Gets the largest difference in seconds between the two clocks of a kexec: the cycle counter and the host's.</summary>
    public double ClockDifference => _moments.Zip(_moments.Skip(1), (a, b) =>
        Math.Abs((b.At - a.At).TotalSeconds - ((b.Cycles - a.Cycles) / CyclesPerSecond))).Max();

    /// <summary>Gets how many works do not count because the console did not print when their kernel left.</summary>
    public int Lost => _works.Count - _departures.Count;

    /// <summary>Gives the single calls, the rounds of all repetitions one after the other.</summary>
    public IReadOnlyList<CallResult> Calls()
    {
        const string Prefix = "call/";
        Dictionary<string, double[]> series = _result.Values.Where(static value => value.Name.StartsWith(Prefix, StringComparison.Ordinal))
            .GroupBy(static value => value.Name[Prefix.Length..], static value => Samples.Parse(value.Value))
            .ToDictionary(static sent => sent.Key, static sent => sent.SelectMany(static rounds => rounds).ToArray());
        return [.. series.Keys.Where(static key => key.EndsWith("/c", StringComparison.Ordinal)).Select(key =>
        {
            string operation = key[..^2];
            return new CallResult(operation, series[key], series[operation + "/managed"], series[operation + "/bytes"]);
        })];
    }

    /// <summary>Gives numbers as they were first sent in the run, or none.</summary>
    public IReadOnlyList<double> Sent(string name) =>
        _result.Values.FirstOrDefault(value => value.Name == name) is { } value ? Samples.Parse(value.Value) : [];

    /// <summary>Gives the live updates.</summary>
    public IReadOnlyList<UpdateResult> Updates() => [.. _works.Index()
        .Where(work => work.Item is UpdateWork && _departures.ContainsKey(Stage(work.Index))).Select(work => Update(work.Index))];

    /// <summary>Gives the ways to the disk and back.</summary>
    public IReadOnlyList<DiskResult> Disks() =>
        [.. _works.Index().Where(work => work.Item is DiskWork && _departures.ContainsKey(Stage(work.Index))).Select(work => new DiskResult(
        ((DiskWork)work.Item).Bytes,
        Before(work.Index, "save") / 1e9,
        DownSeconds(work.Index),
        After(work.Index, "load back") / 1e9))];

    private UpdateResult Update(int index)
    {
        double uptime = After(index, "arrived uptime");
        double init = _result.Kernels[index + 1].Uptime.TotalSeconds;
        double freeze = _departures[Stage(index)].FreezeSeconds;
        var seconds = new Dictionary<Phase, double>
        {
            [Phase.Create] = Before(index, "create") / 1e9,
            [Phase.Preserve] = Before(index, "preserve") / 1e9,
            [Phase.Load] = Before(index, "load") / 1e9,
            [Phase.Freeze] = freeze,
            [Phase.Jump] = DownSeconds(index) - freeze - uptime,
            [Phase.Boot] = init,
            [Phase.Start] = uptime - init,
            [Phase.Open] = After(index, "open") / 1e9,
            [Phase.RetrieveSessions] = After(index, "retrieve sessions") / 1e9,
            [Phase.Retrieve] = After(index, "retrieve") / 1e9,
            [Phase.Finish] = After(index, "finish") / 1e9,
            [Phase.Touch] = After(index, "touch") / 1e9,
        };
        return new UpdateResult(
            ((UpdateWork)_works[index]).Size, seconds, Before(index, "metadata"), Before(index, "lists"), Before(index, "huge"));
    }

    private double DownSeconds(int index) => (After(index, "arrived cycles") - _departures[Stage(index)].Cycles) / CyclesPerSecond;

    // The first kernel is stage 1, and does the first half of the first work.
    private static int Stage(int index) => index + 1;

    private double Before(int index, string name) => Single(Stage(index), name);

    private double After(int index, string name) => Single(Stage(index) + 1, name);

    private double Single(int stage, string name) =>
        Samples.Parse(_result.Values.Single(value => value.Stage == stage && value.Name == name).Value).Single();

    private static double Cycles(string moment) => double.Parse(moment.AsSpan(moment.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
}
