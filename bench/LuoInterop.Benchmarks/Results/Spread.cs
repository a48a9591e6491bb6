namespace LuoInterop.Benchmarks;

/// <summary>Holds a figure with the middle half of what was measured.</summary>
internal readonly record struct Spread(double Low, double Middle, double High);
