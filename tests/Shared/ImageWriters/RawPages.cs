using LuoInterop.MemoryImages;

namespace LuoInterop.Tests.Shared.ImageWriters;

/// <summary>Is the pages of a raw image that are not zero.</summary>
internal sealed class RawPages
{
    public const int PageSize = 4096;

    public RawPages(string path)
    {
        using MemoryImage image = MemoryImage.Open(path);
        PageCount = image.End / PageSize;
        for (ulong at = 0; image.TryFindData(at, out MemoryRange data); at = data.End)
        {
            for (ulong address = data.Address & ~(PageSize - 1UL); address < data.End; address += PageSize)
            {
                byte[] page = new byte[PageSize];
                if (image.TryRead(address, page) && page.AsSpan().ContainsAnyExcept((byte)0))
                {
                    Pages[address / PageSize] = page;
                }
            }
        }
    }

    /// <param name="pageCount">The frames of the machine.</param>
    public RawPages(ulong pageCount) => PageCount = pageCount;

    public ulong PageCount { get; }

    /// <summary>Gets the pages by their frames; may be changed.</summary>
    public SortedDictionary<ulong, byte[]> Pages { get; } = [];
}
