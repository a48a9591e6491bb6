namespace LuoInterop.Kho.Abi;

/// <summary>Names what is wrong with bytes of a handover.</summary>
public enum KhoFormatError
{
    /// <summary>The bytes end before the structure does.</summary>
    Truncated,
    /// <summary>The bytes do not begin with the format's magic number.</summary>
    BadMagic,
    /// <summary>The format's version is not one that can be read.</summary>
    UnsupportedVersion,
    /// <summary>Blocks or tokens of a device tree are misplaced, overlap or are not known; or a link is no page's address.</summary>
    BadLayout,
    /// <summary>A cap on depth, nodes or bytes is passed.</summary>
    TooLarge,
    /// <summary>A property that the format requires is missing or has the wrong size.</summary>
    BadProperty,
    /// <summary>A name in a fixed or string field has no end or is not legal.</summary>
    BadName,
    /// <summary>A physical address points at no memory. The kernel would fault.</summary>
    Unreadable,
    /// <summary>A chain or tree returns to a page that it has visited.</summary>
    Cycle,
    /// <summary>A block holds no entry, or more than fit into it.</summary>
    BadCount,
    /// <summary>A chain has more blocks than the kernel accepts.</summary>
    TooManyBlocks,
    /// <summary>A list holds fewer or more entries than its descriptor says.</summary>
    CountMismatch,
    /// <summary>A page order is out of range.</summary>
    BadOrder,
    /// <summary>A radix tree holds a key that stands for no page.</summary>
    BadKey,
    /// <summary>A page of a sparse array begins where an earlier one still is, or reaches past the last position.</summary>
    BadPosition,
    /// <summary>An entry of a sparse array is not of a kind that may stand there.</summary>
    BadEntry,
}

/// <summary>Reports bytes of a handover that cannot be decoded, by name.</summary>
public sealed class KhoFormatException(KhoFormatError error, string message, Errno errno = Errno.None) : Exception(message)
{
    /// <summary>Gets what is wrong with the bytes.</summary>
    public KhoFormatError Error { get; } = error;

    /// <summary>Gets the error with which the kernel's own decoder answers, or <see cref="Errno.None"/> where it has no check.</summary>
    public Errno Errno { get; } = errno;

    /// <summary>Gets the physical address that cannot be read; null for another error.</summary>
    public ulong? Address { get; private init; }

    /// <summary>Reports memory that is not there.</summary>
    public static KhoFormatException Unreadable(ulong address, string what) =>
        new(KhoFormatError.Unreadable, $"The {what} at physical address 0x{address:x} is not in memory.") { Address = address };

    /// <summary>Requires that a structure's bytes are all there.</summary>
    public static void RequireSize(ReadOnlySpan<byte> source, int size, string structure)
    {
        if (source.Length < size)
        {
            throw new KhoFormatException(
                KhoFormatError.Truncated, $"{structure} has {size} bytes; only {source.Length} are there.", Errno.EINVAL);
        }
    }
}
