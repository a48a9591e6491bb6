namespace LuoInterop.VmBenchmarks;

/// <summary>Says that a VM did not run to its end, and how it ended.</summary>
internal sealed class VmRunFailedException(string message) : Exception(message);
