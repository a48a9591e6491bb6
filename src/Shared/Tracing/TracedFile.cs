namespace LuoInterop.Shared.Tracing;

/// <summary>Names a descriptor in a trace; one whose coming into being the trace has not seen is not known.</summary>
internal readonly record struct TracedFile(string Name, bool IsKnown);
