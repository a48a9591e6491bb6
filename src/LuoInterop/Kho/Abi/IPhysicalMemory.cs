namespace LuoInterop.Kho.Abi;

/// <summary>Reads and writes the physical memory that a handover's addresses point into.</summary>
/// <remarks>Addresses are untrusted: an implementation answers false for a range that it does not wholly hold, wrapping ones too.</remarks>
internal interface IPhysicalMemory
{
    bool TryRead(ulong physicalAddress, Span<byte> destination);

    bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source);
}
