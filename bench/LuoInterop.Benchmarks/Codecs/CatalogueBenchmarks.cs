using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a session's catalogue of names: written into the session, and read out of it by the next kernel's program.</summary>
public class CatalogueBenchmarks
{
    private readonly List<LiveUpdateSession> _written = [];
    private PopulatedMachine _machine = null!;
    private string[] _names = null!;
    private LiveUpdateDevice _device = null!;
    private LiveUpdateSession _retrieved = null!;
    private int _next;

    public static IEnumerable<int> Counts => Scale.Names;

    [ParamsSource(nameof(Counts))]
    public int Names { get; set; }

    [GlobalSetup]
    public void HandOver()
    {
        _names = [.. Enumerable.Range(0, Names).Select(static i => $"guest-memory-{i}")];
        _machine = new PopulatedMachine();
        _machine.Kernel.Close((int)_machine.Device.DangerousGetHandle());
        _device = LiveUpdateDevice.Open(_machine.Kernel);
        Write();
        _written[0].HoldUntilKexec();
        _written.Clear();
        _device.Dispose();
        _machine.Load();
        _machine.Jump();
        _machine.Kernel.Close((int)_machine.Device.DangerousGetHandle());
        _device = LiveUpdateDevice.Open(_machine.Kernel);
        _retrieved = _device.RetrieveSession("catalogue-0");
    }

    [Benchmark(Description = "catalogue: write")]
    public void Write()
    {
        LiveUpdateSession session = _device.CreateSession($"catalogue-{_next++}");
        _written.Add(session);
        var catalogue = SessionCatalogue.Create(session);
        for (int i = 0; i < _names.Length; i++)
        {
            catalogue.Document.Add(new CatalogueEntry(SessionCatalogue.DefaultUnit, _names[i], (ulong)i + 1, Size: 1 << 30));
        }

        catalogue.Commit();
    }

    [Benchmark(Description = "catalogue: read")]
    public int Read() => SessionCatalogue.Open(_retrieved).Document.Entries.Count;

    [IterationCleanup(Target = nameof(Write))]
    public void Abort()
    {
        _written.ForEach(static session => session.Abort());
        _written.Clear();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _retrieved.Finish();
        _retrieved.Dispose();
        _device.Dispose();
        _machine.Dispose();
    }
}
