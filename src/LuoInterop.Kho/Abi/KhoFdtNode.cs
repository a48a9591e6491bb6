using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Holds a property of a flattened device tree.</summary>
/// <param name="Name">The name, one character per byte; null when the strings block is cut off before it.</param>
/// <param name="Value">The bytes.</param>
public sealed record KhoFdtProperty(string? Name, byte[] Value);

/// <summary>Holds a node of a flattened device tree.</summary>
/// <param name="Name">The name, one character per byte; empty for the root.</param>
public sealed record KhoFdtNode(string Name)
{
    /// <summary>Gets the properties, in the order of the tree.</summary>
    public List<KhoFdtProperty> Properties { get; } = [];

    /// <summary>Gets the sub-nodes, in the order of the tree.</summary>
    public List<KhoFdtNode> Children { get; } = [];

    /// <summary>Finds the first child of a name, or null.</summary>
    public KhoFdtNode? Child(string name) => Children.Find(child => child.Name == name);

    /// <summary>Finds the first property of a name, or null.</summary>
    public byte[]? Property(string name) => Properties.Find(property => property.Name == name)?.Value;

    /// <summary>Reads a u64 in the byte order of KHO, which is the machine's own; null when there is none of 8 bytes.</summary>
    public ulong? NativeUInt64(string name) =>
        Property(name) is { Length: 8 } value ? BinaryPrimitives.ReadUInt64LittleEndian(value) : null;

    /// <summary>Reads the first string of a string list; null when there is none, or it has no end.</summary>
    public string? FirstString(string name) =>
        Property(name) is { } value && value.AsSpan().Contains((byte)0) ? SerName.Read(value) : null;
}
