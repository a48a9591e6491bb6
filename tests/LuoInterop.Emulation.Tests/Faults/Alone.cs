namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Runs tests that count the process' descriptors while no other test runs.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
