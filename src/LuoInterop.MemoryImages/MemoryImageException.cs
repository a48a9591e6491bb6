namespace LuoInterop.MemoryImages;

/// <summary>Names why a file cannot be read as an image of physical memory.</summary>
public enum MemoryImageError
{
    /// <summary>The file has a format that is known, and not read: the message names it and says what to do.</summary>
    UnsupportedFormat,
    /// <summary>The file ends before what its headers say.</summary>
    Truncated,
    /// <summary>The headers contradict themselves.</summary>
    Malformed,
    /// <summary>The headers say more than is read.</summary>
    TooLarge,
}

/// <summary>Reports a file that is no image of physical memory, or none that can be read.</summary>
/// <param name="error">The reason.</param>
/// <param name="message">A sentence for people.</param>
public sealed class MemoryImageException(MemoryImageError error, string message) : Exception(message)
{
    /// <summary>Gets the reason.</summary>
    public MemoryImageError Error { get; } = error;
}
