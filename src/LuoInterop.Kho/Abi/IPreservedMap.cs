namespace LuoInterop.Kho.Abi;

/// <summary>Reads the map of preserved memory that a root tree names, in whichever form it has.</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
public interface IPreservedMap
{
    /// <summary>Gets the map's physical address, the value of <c>preserved-memory-map</c>.</summary>
    ulong Root { get; }

    /// <summary>Enumerates the preserved pieces, each of <c>1 &lt;&lt; Order</c> pages.</summary>
    /// <exception cref="KhoFormatException">While enumerating: the map is not sound.</exception>
    IEnumerable<(ulong Address, int Order)> Pieces();

    /// <summary>Enumerates the pages of the map itself, the root first. They are not marked as preserved.</summary>
    /// <exception cref="KhoFormatException">While enumerating: the map is not sound.</exception>
    IEnumerable<ulong> Nodes();

    /// <summary>Finds the order of the piece that begins at an address; -1 where there is none.</summary>
    /// <exception cref="KhoFormatException">The map is not sound there.</exception>
    int FindOrder(ulong address);
}
