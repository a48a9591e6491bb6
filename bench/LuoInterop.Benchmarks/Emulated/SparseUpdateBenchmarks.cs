namespace LuoInterop.Benchmarks;

/// <summary>Measures a whole live update of one memfd that is one hole: preserving fills it.</summary>
public class SparseUpdateBenchmarks : UpdateBenchmarks
{
    // Punched past the emulated kernel, which preserves nothing at this moment.
    public override void Load()
    {
        base.Load();
        PopulatedMemory.PunchHole();
    }
}
