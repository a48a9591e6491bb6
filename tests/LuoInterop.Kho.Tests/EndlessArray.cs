using LuoInterop.Arrays;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Holds an empty page of a <see cref="KhoArray"/> at every address, each linked to the next.</summary>
internal sealed class EndlessArray : IPhysicalMemory
{
    public int Reads { get; private set; }

    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        Reads++;
        destination.Clear();
        new KhoArrayPage(physicalAddress + KhoArrayPage.PageSize, physicalAddress).Write(destination);
        return true;
    }

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source) => false;
}
