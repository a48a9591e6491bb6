using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.Kho.Abi;

/// <summary>Writes a flattened device tree in the order of bytes that the kernel's libfdt gives.</summary>
/// <remarks>
/// <para>First comes the sequential part (<c>fdt_create</c> to <c>fdt_finish</c>): names of properties are put in front of the
/// strings block, and the reservation block is at offset 48. After <see cref="Finish"/> the tree can be changed as
/// <c>fdt_open_into</c>, <c>fdt_add_subnode</c>, <c>fdt_setprop</c>, <c>fdt_del_node</c> and <c>fdt_pack</c> do it: a new node
/// becomes the first child, a new property the first of its node, a new name the last string, and the reservation block moves
/// to offset 40.</para>
/// <para>The kernel's page may differ past the tree's end only: moving blocks inside the page leaves old bytes there.</para>
/// </remarks>
public sealed class KhoFdtWriter
{
    private const int SequentialRsvmapOffset = 48;
    private const int PackedRsvmapOffset = 40;
    private const int RsvmapSize = 16;

    private readonly Node _root = new("");
    private readonly Stack<Node> _path = new();
    private byte[] _strings = [];
    private bool _finished;
    private bool _packed;

    /// <summary>Starts an empty tree.</summary>
    public KhoFdtWriter() => _path.Push(_root);

    /// <summary>Gets the bytes of the tree as it is now.</summary>
    public int TotalSize => (_packed ? PackedRsvmapOffset : SequentialRsvmapOffset) + RsvmapSize + StructSize + _strings.Length;

    private int StructSize => _root.StructSize + sizeof(uint);

    /// <summary>Begins a node below the one that is open (<c>fdt_begin_node</c>); the root is open from the start.</summary>
    public void BeginNode(string name)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        var node = new Node(name);
        _path.Peek().Children.Add(node);
        _path.Push(node);
    }

    /// <summary>Adds a property to the open node (<c>fdt_property</c>).</summary>
    public void Property(string name, ReadOnlySpan<byte> value)
    {
        Node node = _path.Peek();
        if (node.Children.Count > 0)
        {
            throw new InvalidOperationException("Properties come before nodes.");
        }

        byte[] text = NameBytes(name);
        int found = _strings.AsSpan().IndexOf(text);
        if (found < 0)
        {
            _strings = [.. text, .. _strings];
            found = 0;
        }

        // Counted from the end until the sequential part is finished: the block grows at its front.
        node.Properties.Add((found - _strings.Length, value.ToArray()));
    }

    /// <summary>Adds a NUL-terminated string (<c>fdt_property_string</c>).</summary>
    public void Property(string name, string value) => Property(name, NameBytes(value));

    /// <summary>Adds a u64 in the machine's byte order, as KHO and LUO do.</summary>
    public void NativeUInt64(string name, ulong value) => Property(name, NativeBytes(value));

    /// <summary>Ends the open node (<c>fdt_end_node</c>).</summary>
    public void EndNode()
    {
        if (_path.Count < 2)
        {
            throw new InvalidOperationException("No node is open.");
        }

        _path.Pop();
    }

    /// <summary>Ends the root and the sequential part (<c>fdt_finish</c>).</summary>
    public void Finish()
    {
        if (_path.Count != 1 || _finished)
        {
            throw new InvalidOperationException("Only the root may be open, once.");
        }

        _finished = true;
        _path.Pop();
        _root.MoveNames(_strings.Length);
    }

    /// <summary>Adds a child of the root with properties of u64, if it fits (<c>fdt_add_subnode</c>, <c>fdt_setprop</c>).</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="properties">The properties, in the order in which they are set.</param>
    /// <param name="capacity">The most bytes of the tree.</param>
    /// <returns><see cref="Errno.None"/>; EEXIST for a name that is there; ENOMEM with the tree as it was.</returns>
    public Errno AddSubnode(string name, ReadOnlySpan<(string Name, ulong Value)> properties, int capacity)
    {
        RequireFinished();
        if (_root.Children.Exists(child => child.Name == name))
        {
            return Errno.EEXIST;
        }

        bool packed = _packed;
        byte[] strings = _strings;
        var node = new Node(name);
        _root.Children.Insert(0, node);
        _packed = true;
        foreach ((string property, ulong value) in properties)
        {
            byte[] text = NameBytes(property);
            int found = _strings.AsSpan().IndexOf(text);
            if (found < 0)
            {
                found = _strings.Length;
                _strings = [.. _strings, .. text];
            }

            node.Properties.Insert(0, (found, NativeBytes(value)));
        }

        if (TotalSize <= capacity)
        {
            return Errno.None;
        }

        _root.Children.RemoveAt(0);
        _strings = strings;
        _packed = packed;
        return Errno.ENOMEM;
    }

    /// <summary>Changes a u64 of the root in its place (<c>fdt_getprop_w</c>).</summary>
    public void ReplaceNativeUInt64(string name, ulong value)
    {
        RequireFinished();
        int found = _strings.AsSpan().IndexOf(NameBytes(name));
        int index = _root.Properties.FindIndex(property => property.NameOffset == found && property.Value.Length == sizeof(ulong));
        _root.Properties[index] = (found, NativeBytes(value));
    }

    /// <summary>Removes a child of the root (<c>fdt_del_node</c>). Names of properties stay in the strings block.</summary>
    public bool RemoveSubnode(string name)
    {
        RequireFinished();
        int removed = _root.Children.RemoveAll(child => child.Name == name);
        _packed |= removed > 0;
        return removed > 0;
    }

    /// <summary>Gets the tree's bytes.</summary>
    public byte[] ToArray()
    {
        RequireFinished();
        int rsvmap = _packed ? PackedRsvmapOffset : SequentialRsvmapOffset;
        int structure = rsvmap + RsvmapSize;
        int strings = structure + StructSize;
        byte[] bytes = new byte[TotalSize];
        new KhoFdtHeader(
            (uint)TotalSize,
            (uint)structure,
            (uint)strings,
            (uint)rsvmap,
            KhoFdtHeader.FDT_LAST_SUPPORTED_VERSION,
            KhoFdtHeader.FDT_LAST_COMPATIBLE_VERSION,
            0,
            (uint)_strings.Length,
            (uint)StructSize).Write(bytes);
        int end = _root.Write(bytes, structure);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(end), KhoFdt.FDT_END);
        _strings.CopyTo(bytes, strings);
        return bytes;
    }

    private static byte[] NameBytes(string name)
    {
        byte[] bytes = new byte[name.Length + 1];
        SerName.Write(name, bytes.AsSpan(0, name.Length));
        return bytes;
    }

    private static byte[] NativeBytes(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    private void RequireFinished()
    {
        if (!_finished)
        {
            throw new InvalidOperationException("The sequential part is not finished.");
        }
    }

    private sealed class Node(string name)
    {
        public string Name { get; } = name;

        public List<(int NameOffset, byte[] Value)> Properties { get; } = [];

        public List<Node> Children { get; } = [];

        public int StructSize =>
            8 + Aligned(Name.Length + 1) + Properties.Sum(static property => 12 + Aligned(property.Value.Length))
            + Children.Sum(static child => child.StructSize);

        public void MoveNames(int by)
        {
            for (int i = 0; i < Properties.Count; i++)
            {
                Properties[i] = (Properties[i].NameOffset + by, Properties[i].Value);
            }

            Children.ForEach(child => child.MoveNames(by));
        }

        public int Write(byte[] bytes, int offset)
        {
            offset = Word(bytes, offset, KhoFdt.FDT_BEGIN_NODE);
            Encoding.Latin1.GetBytes(Name, bytes.AsSpan(offset));
            offset += Aligned(Name.Length + 1);
            foreach ((int nameOffset, byte[] value) in Properties)
            {
                offset = Word(bytes, offset, KhoFdt.FDT_PROP);
                offset = Word(bytes, offset, (uint)value.Length);
                offset = Word(bytes, offset, (uint)nameOffset);
                value.CopyTo(bytes, offset);
                offset += Aligned(value.Length);
            }

            foreach (Node child in Children)
            {
                offset = child.Write(bytes, offset);
            }

            return Word(bytes, offset, KhoFdt.FDT_END_NODE);
        }

        private static int Word(byte[] bytes, int offset, uint value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);
            return offset + 4;
        }

        private static int Aligned(int length) => (length + 3) & ~3;
    }
}
