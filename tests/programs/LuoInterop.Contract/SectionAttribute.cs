namespace LuoInterop.Contract;

/// <summary>Gives a class of scenarios its place and heading on the contract page, and the kernel files that its rules come from.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class SectionAttribute(int order, string title, string sources) : Attribute
{
    public int Order { get; } = order;

    public string Title { get; } = title;

    public string Sources { get; } = sources;
}
