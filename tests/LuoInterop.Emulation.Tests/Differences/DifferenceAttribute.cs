namespace LuoInterop.Emulation.Tests;

/// <summary>Says that a test shows a row of the table of differences from Linux.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class DifferenceAttribute(string id) : Attribute
{
    /// <summary>Gets the row's name.</summary>
    public string Id { get; } = id;
}
