namespace LuoInterop.VmBenchmarks;
internal static class ChartData { public static IEnumerable<(string, string)> Of(BenchResults r) => []; }
