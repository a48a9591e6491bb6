using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Keeps the VMs of these tests from running side by side: each uses all of a small machine.</summary>
[CollectionDefinition(Name)]
public sealed class OneVmAtATime
{
    public const string Name = "one VM at a time";
}
