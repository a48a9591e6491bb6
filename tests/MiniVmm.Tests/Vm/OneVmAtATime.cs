using Xunit;

namespace MiniVmm.Tests.Vm;

/// <summary>Boots one VM at a time: two would take the processors from each other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneVmAtATime
{
    public const string Name = "one VM at a time";
}
