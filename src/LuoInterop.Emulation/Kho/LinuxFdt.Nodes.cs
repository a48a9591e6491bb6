using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

internal sealed partial class LinuxFdt
{
    /// <summary>The root node's offset.</summary>
    public const int Root = 0;

    /// <summary>Looks for a name in a node's list of names (fdt_node_check_compatible): 0 for found, 1, or <c>-FDT_ERR_*</c>.</summary>
    /// <remarks>Names that are looked for are ASCII, here and below.</remarks>
    public int CheckCompatible(int node, ReadOnlySpan<char> compatible)
    {
        long at = Property(node, "compatible", out int length);
        if (at < 0)
        {
            return length;
        }

        // fdt_stringlist_contains. The last name's own end is looked for behind the value too.
        while (length >= compatible.Length)
        {
            if (IsText(at, compatible) && At(at + compatible.Length) == 0)
            {
                return 0;
            }

            int end = IndexOfEnd(at, length);
            if (end < 0)
            {
                return 1;
            }

            length -= end + 1;
            at += end + 1;
        }

        return 1;
    }

    /// <summary>Finds a node's child (fdt_subnode_offset): its offset or <c>-FDT_ERR_*</c>.</summary>
    /// <remarks>A name without <c>@</c> is that of <c>name@anything</c> too. The first child that has it counts.</remarks>
    public int Subnode(int parent, ReadOnlySpan<char> name)
    {
        int error = Probe();
        if (error < 0)
        {
            return error;
        }

        int depth = 0;
        int offset = parent;
        while (offset >= 0 && depth >= 0)
        {
            if (depth == 1 && HasName(offset, name))
            {
                return offset;
            }

            offset = NextNode(offset, ref depth);
        }

        return depth < 0 ? -FDT_ERR_NOTFOUND : offset;
    }

    /// <summary>Finds a node's first child (fdt_first_subnode): its offset or -FDT_ERR_NOTFOUND.</summary>
    public int FirstSubnode(int parent)
    {
        int depth = 0;
        int offset = NextNode(parent, ref depth);
        return offset < 0 || depth != 1 ? -FDT_ERR_NOTFOUND : offset;
    }

    /// <summary>Finds the child after one (fdt_next_subnode): its offset or -FDT_ERR_NOTFOUND.</summary>
    public int NextSubnode(int child)
    {
        int depth = 1;
        int offset = child;
        do
        {
            offset = NextNode(offset, ref depth);
            if (offset < 0 || depth < 1)
            {
                return -FDT_ERR_NOTFOUND;
            }
        }
        while (depth > 1);
        return offset;
    }

    /// <summary>Reads a node's name (fdt_get_name), one character per byte; null where it has none.</summary>
    public string? Name(int node)
    {
        long at = FindName(node, out int length);
        return at < 0 ? null : string.Create(length, (Tree: this, At: at), static (name, from) =>
        {
            for (int i = 0; i < name.Length; i++)
            {
                name[i] = (char)from.Tree.At(from.At + i);
            }
        });
    }

    /// <summary>Reads a property of 8 bytes in the machine's own byte order; null where there is none, or of another length.</summary>
    public ulong? NativeUInt64(int node, ReadOnlySpan<char> name)
    {
        long at = Property(node, name, out int length);
        if (at < 0 || length != sizeof(ulong))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = At(at + i);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    // fdt_next_node: the next node in the order of the bytes, and its depth.
    private int NextNode(int offset, ref int depth)
    {
        int next = 0;
        if (offset >= 0)
        {
            next = CheckNode(offset);
            if (next < 0)
            {
                return next;
            }
        }

        while (true)
        {
            offset = next;
            switch (NextTag(offset, out next))
            {
                case KhoFdt.FDT_BEGIN_NODE:
                    depth++;
                    return offset;
                case KhoFdt.FDT_END_NODE when --depth < 0:
                    return next;
                case KhoFdt.FDT_END:
                    return next >= 0 ? -FDT_ERR_NOTFOUND : next;
            }
        }
    }

    // fdt_check_node_offset_: where a node's properties begin.
    private int CheckNode(int offset) => Check(offset, KhoFdt.FDT_BEGIN_NODE);

    private int Check(int offset, uint tag) =>
        offset >= 0 && offset % TagSize == 0 && NextTag(offset, out int next) == tag ? next : -FDT_ERR_BADOFFSET;

    // nextprop_: the first property from an offset on, before any other token.
    private int NextProperty(int offset)
    {
        while (true)
        {
            switch (NextTag(offset, out int next))
            {
                case KhoFdt.FDT_END:
                    return next >= 0 ? -FDT_ERR_BADSTRUCTURE : next;
                case KhoFdt.FDT_PROP:
                    return offset;
                case KhoFdt.FDT_NOP:
                    offset = next;
                    break;
                default:
                    return -FDT_ERR_NOTFOUND;
            }
        }
    }

    // fdt_getprop: where the first property of a name has its value, and its length; negative with the error as length.
    private long Property(int node, ReadOnlySpan<char> name, out int length)
    {
        int offset = CheckNode(node);
        while (offset >= 0)
        {
            offset = NextProperty(offset);
            if (offset < 0)
            {
                break;
            }

            long at = OffDtStruct + (long)offset;
            length = (int)Word(at + sizeof(uint));
            if (IsString((int)Word(at + (2 * sizeof(uint))), name))
            {
                bool aligned = Version < PlainNamesVersion && (offset + PropertySize) % 8 != 0 && (uint)length >= 8;
                return at + PropertySize + (aligned ? TagSize : 0);
            }

            offset = Check(offset, KhoFdt.FDT_PROP);
        }

        length = offset;
        return -1;
    }

    // fdt_nodename_eq_.
    private bool HasName(int node, ReadOnlySpan<char> name)
    {
        long at = FindName(node, out int length);
        return at >= 0 && length >= name.Length && IsText(at, name)
            && (At(at + name.Length) == 0 || (At(at + name.Length) == '@' && !name.Contains('@')));
    }

    private long FindName(int node, out int length)
    {
        length = Probe();
        if (length < 0)
        {
            return -1;
        }

        length = CheckNode(node);
        if (length < 0)
        {
            return -1;
        }

        long at = OffDtStruct + (long)node + TagSize;
        if (Version < PlainNamesVersion)
        {
            // Names are whole paths there.
            long slash = -1;
            for (long next = at; At(next) != 0; next++)
            {
                slash = At(next) == '/' ? next : slash;
            }

            if (slash < 0)
            {
                length = -FDT_ERR_BADSTRUCTURE;
                return -1;
            }

            at = slash + 1;
        }

        length = IndexOfEnd(at, int.MaxValue);
        return at;
    }

    // fdt_get_string and fdt_string_eq_.
    private bool IsString(int offset, ReadOnlySpan<char> text)
    {
        int total = Probe();
        if (total < 0)
        {
            return false;
        }

        uint start = (uint)offset + OffDtStrings;
        if (start >= (uint)total)
        {
            return false;
        }

        uint length = (uint)total - start;
        if (Header(0) == KhoFdtHeader.FDT_MAGIC)
        {
            if (offset < 0 || (Version >= StructSizeVersion && (uint)offset >= SizeDtStrings))
            {
                return false;
            }

            length = Version >= StructSizeVersion ? Math.Min(length, SizeDtStrings - (uint)offset) : length;
        }
        else
        {
            // Of a tree that is being written the strings lie before their block's offset.
            uint back = (uint)-offset;
            if (offset >= 0 || back > SizeDtStrings)
            {
                return false;
            }

            length = Math.Min(length, back);
        }

        return IndexOfEnd(start, (int)length) == text.Length && IsText(start, text);
    }

    // memchr(..., 0, most): -1 for none.
    private int IndexOfEnd(long at, int most)
    {
        for (int i = 0; i < most; i++)
        {
            if (At(at + i) == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private bool IsText(long at, ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (At(at + i) != text[i])
            {
                return false;
            }
        }

        return true;
    }
}
