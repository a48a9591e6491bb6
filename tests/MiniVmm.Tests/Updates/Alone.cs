using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Runs its tests while no other test runs: they count what the process has.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
