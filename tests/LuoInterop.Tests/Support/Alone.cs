namespace LuoInterop.Tests.Support;

/// <summary>Groups tests that collect garbage over and over: alone, they do not make others collect their large heaps each time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
