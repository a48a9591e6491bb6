namespace LuoInterop.VmBenchmarks;
internal static class ResultPage { public static string Write(BenchResults r) => r.ToString(); }
