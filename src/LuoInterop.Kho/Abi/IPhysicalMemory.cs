namespace LuoInterop.Kho.Abi;

/// <summary>Reads and writes the physical memory that a handover's addresses point into.</summary>
/// <remarks>Addresses are untrusted: an implementation answers false for a range that it does not wholly hold, wrapping ones too.</remarks>
public interface IPhysicalMemory
{
    /// <summary>Copies bytes from a physical address; false, with nothing promised of the destination, where a byte is not there.</summary>
    bool TryRead(ulong physicalAddress, Span<byte> destination);

    /// <summary>Copies bytes to a physical address; false, with nothing written, where a byte is not there.</summary>
    bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source);
}
