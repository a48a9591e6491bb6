using LuoInterop.MemoryImages.Bytes;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Reads a file whose offsets are physical addresses.</summary>
internal sealed class RawImage(ByteSource source) : ImageReader(source)
{
    public override MemoryImageFormat Format => MemoryImageFormat.Raw;

    public override string Details => "";

    public override IReadOnlyList<MemoryRange> Ranges => [new MemoryRange(0, (ulong)Source.Length)];

    public override PageState StateOf(ulong page, out ulong end)
    {
        if (page >= (ulong)Source.Length)
        {
            end = ulong.MaxValue;
            return PageState.Absent;
        }

        bool isData = TryFindData(page, out ulong start, out ulong behind) && RoundDown(start) <= page;
        end = RoundUp(isData ? behind : RoundDown(Math.Min(start, (ulong)Source.Length + 4095)));
        return isData ? PageState.Present : PageState.Zero;
    }

    public override bool TryRead(ulong address, Span<byte> destination) =>
        address <= (ulong)Source.Length && Source.TryRead((long)address, destination);

    public override bool TryFindData(ulong address, out ulong start, out ulong end)
    {
        bool found = Source.TryFindData((long)Math.Min(address, (ulong)Source.Length), out long first, out long behind);
        (start, end) = ((ulong)first, (ulong)behind);
        return found;
    }
}
