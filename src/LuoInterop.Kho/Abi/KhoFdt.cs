using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Holds a flattened device tree, read as far as its bytes go.</summary>
/// <param name="Header">The header.</param>
/// <param name="Root">The root node.</param>
/// <param name="Available">The bytes that were there; fewer than <see cref="KhoFdtHeader.TotalSize"/> for a truncated tree.</param>
/// <param name="IsComplete">Whether the structure block and the name of every property were there.</param>
public sealed record KhoFdt(KhoFdtHeader Header, KhoFdtNode Root, int Available, bool IsComplete)
{
    /// <summary>The kernel's <c>FDT_BEGIN_NODE</c>.</summary>
    public const uint FDT_BEGIN_NODE = 1;
    /// <summary>The kernel's <c>FDT_END_NODE</c>.</summary>
    public const uint FDT_END_NODE = 2;
    /// <summary>The kernel's <c>FDT_PROP</c>.</summary>
    public const uint FDT_PROP = 3;
    /// <summary>The kernel's <c>FDT_NOP</c>.</summary>
    public const uint FDT_NOP = 4;
    /// <summary>The kernel's <c>FDT_END</c>.</summary>
    public const uint FDT_END = 9;

    /// <summary>The deepest nesting that is read. The kernel's trees of KHO and LUO have two levels.</summary>
    public const int MaxDepth = 16;

    /// <summary>The most characters of a property's name (the Devicetree Specification, 2.2.4.1). The kernel's longest has 20.</summary>
    public const int MaxPropertyName = 31;

    /// <summary>Gets whether the bytes end before the header says that the tree does.</summary>
    public bool IsTruncated => Available < Header.TotalSize;

    /// <summary>Reads a tree.</summary>
    /// <remarks>
    /// Bytes that end early are no error from the header on: nodes and properties are read as far as they go, and a property
    /// whose name is cut off has none. Bytes after the tree are ignored. Work and memory are linear in the bytes: a property may
    /// name any place of the strings block, so that names are capped, and those of one place are one string.
    /// </remarks>
    /// <exception cref="KhoFormatException">The header is cut off or wrong, the blocks are not a tree, or a name is too long.</exception>
    public static KhoFdt Read(ReadOnlySpan<byte> source)
    {
        KhoFdtHeader header = KhoFdtHeader.Read(source);
        int available = (int)Math.Min((uint)source.Length, header.TotalSize);
        source = source[..available];
        int structEnd = (int)(header.OffDtStruct + header.SizeDtStruct);
        var reader = new Reader(source, header, Math.Min(structEnd, available), structEnd <= available);
        KhoFdtNode root = reader.ReadTree();
        return new KhoFdt(header, root, available, reader.IsComplete);
    }

    private ref struct Reader(ReadOnlySpan<byte> source, KhoFdtHeader header, int end, bool structIsWhole)
    {
        private readonly ReadOnlySpan<byte> _source = source;
        private readonly Dictionary<uint, string> _names = [];
        private int _offset = Math.Min((int)header.OffDtStruct, end);

        public bool IsComplete { get; private set; } = true;

        public KhoFdtNode ReadTree()
        {
            KhoFdtNode? root = null;
            var path = new Stack<KhoFdtNode>();
            while (TryWord(out uint token))
            {
                switch (token)
                {
                    case FDT_NOP:
                        break;
                    case FDT_BEGIN_NODE when root is null || path.Count > 0:
                        if (path.Count == MaxDepth)
                        {
                            throw new KhoFormatException(
                                KhoFormatError.TooLarge, $"The device tree is nested deeper than {MaxDepth} nodes.", Errno.EINVAL);
                        }

                        if (!TryNodeName(out string name))
                        {
                            return Cut(root);
                        }

                        var node = new KhoFdtNode(name);
                        root ??= node;
                        if (path.TryPeek(out KhoFdtNode? parent))
                        {
                            parent.Children.Add(node);
                        }

                        path.Push(node);
                        break;
                    case FDT_PROP when path.Count > 0 && path.Peek().Children.Count == 0:
                        if (!TryProperty(out KhoFdtProperty? property))
                        {
                            return Cut(root);
                        }

                        path.Peek().Properties.Add(property);
                        break;
                    case FDT_END_NODE when path.Count > 0:
                        path.Pop();
                        break;
                    case FDT_END when root is not null && path.Count == 0:
                        return root;
                    default:
                        throw Bad($"token {token} at offset {_offset - 4}");
                }
            }

            return Cut(root);
        }

        // Ends a tree whose structure block ran out: legal only where the file itself was cut off.
        private KhoFdtNode Cut(KhoFdtNode? root)
        {
            IsComplete = false;
            return structIsWhole ? throw Bad("no end") : root ?? new KhoFdtNode("");
        }

        private bool TryWord(out uint word)
        {
            bool there = end - _offset >= 4;
            word = there ? BinaryPrimitives.ReadUInt32BigEndian(_source[_offset..]) : 0;
            _offset += there ? 4 : 0;
            return there;
        }

        private bool TryNodeName(out string name)
        {
            ReadOnlySpan<byte> rest = _source[_offset..end];
            int length = rest.IndexOf((byte)0);
            name = length < 0 ? "" : SerName.Read(rest[..length]);
            return length >= 0 && TrySkip(length + 1);
        }

        private bool TryProperty(out KhoFdtProperty property)
        {
            property = null!;
            if (!TryWord(out uint length) || !TryWord(out uint nameOffset))
            {
                return false;
            }

            if (length > header.SizeDtStruct || nameOffset >= header.SizeDtStrings)
            {
                throw Bad($"property at offset {_offset - 12}");
            }

            int start = _offset;
            if (!TrySkip((int)length))
            {
                return false;
            }

            property = new KhoFdtProperty(PropertyName(nameOffset), _source.Slice(start, (int)length).ToArray());
            return true;
        }

        // Skips bytes and the padding to a multiple of 4.
        private bool TrySkip(int length)
        {
            int padded = (length + 3) & ~3;
            bool there = end - _offset >= padded;
            _offset += there ? padded : 0;
            return there;
        }

        private string? PropertyName(uint nameOffset)
        {
            if (_names.TryGetValue(nameOffset, out string? known))
            {
                return known;
            }

            long start = (long)header.OffDtStrings + nameOffset;
            long stringsEnd = (long)header.OffDtStrings + header.SizeDtStrings;
            int available = (int)Math.Min(stringsEnd, _source.Length);
            ReadOnlySpan<byte> name = start < available ? _source[(int)start..available] : [];
            name = name[..Math.Min(name.Length, MaxPropertyName + 1)];
            int length = name.IndexOf((byte)0);
            if (length >= 0)
            {
                string text = SerName.Read(name[..length]);
                _names.Add(nameOffset, text);
                return text;
            }

            if (name.Length > MaxPropertyName)
            {
                throw new KhoFormatException(
                    KhoFormatError.BadName,
                    $"The name of a property at strings offset {nameOffset} has more than {MaxPropertyName} characters.",
                    Errno.EINVAL);
            }

            if (stringsEnd <= _source.Length)
            {
                throw Bad($"name of a property at strings offset {nameOffset}");
            }

            IsComplete = false;
            return null;
        }

        private static KhoFormatException Bad(string what) =>
            new(KhoFormatError.BadLayout, $"The device tree's structure is not sound: {what}.", Errno.EINVAL);
    }
}
