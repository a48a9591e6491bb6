using Xunit;

namespace LuoInterop.Litmus.Tests;

/// <summary>Groups tests that run while no other one does: another would take a descriptor's number, or start a process, which has every
/// descriptor of this one until it execs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
