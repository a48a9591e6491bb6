using LuoInterop.MemoryImages.Bytes;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Reads physical memory out of one format.</summary>
/// <remarks>Owns its bytes. Not safe for use from several threads at once.</remarks>
internal abstract class ImageReader(ByteSource source) : IDisposable
{
    public abstract MemoryImageFormat Format { get; }

    /// <summary>Gets a few words on this image: version, compression.</summary>
    public abstract string Details { get; }

    /// <summary>Gets the memory of the machine, as far as the format tells, by address and apart from each other.</summary>
    public abstract IReadOnlyList<MemoryRange> Ranges { get; }

    public virtual VmCoreInfo? VmCoreInfo => null;

    /// <summary>Gets the release in the dump's own header, or null.</summary>
    public virtual string? HeaderRelease => null;

    public virtual int? DumpLevel => null;

    /// <summary>Gets whether the image was written, and is there, to its end.</summary>
    public virtual bool IsComplete => true;

    protected ByteSource Source { get; } = source;

    /// <summary>Says what there is of the page at an address, without reading it: what is damaged counts as present.</summary>
    /// <param name="page">The page's first byte.</param>
    /// <param name="end">A page's first byte, up to which the state is the same; behind all memory the end of addresses.</param>
    public abstract PageState StateOf(ulong page, out ulong end);

    /// <summary>Says why a page cannot be read that should be there.</summary>
    public virtual PageState StateOfUnreadable(ulong page) => PageState.Damaged;

    /// <summary>Copies bytes; false where one is not there.</summary>
    public abstract bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Finds the first range at or behind an address whose bytes are there and may be other than zeros.</summary>
    public abstract bool TryFindData(ulong address, out ulong start, out ulong end);

    /// <summary>Rounds up to a page's first byte.</summary>
    protected static ulong RoundUp(ulong address) => (address + 4095) & ~4095UL;

    /// <summary>Rounds down to a page's first byte.</summary>
    protected static ulong RoundDown(ulong address) => address & ~4095UL;

    public virtual void Dispose() => Source.Dispose();
}
