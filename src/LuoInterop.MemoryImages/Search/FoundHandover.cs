using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.MemoryImages;

/// <summary>Names what a root tree in memory is.</summary>
public enum HandoverStage
{
    /// <summary>It leads to sessions: what a kernel wrote for the next one, and the next one has not given out.</summary>
    Written,
    /// <summary>A kernel keeps it up to date; it has no sessions, which are written when the kernel jumps.</summary>
    NotWritten,
    /// <summary>What it leads to has been freed and used again, or was never whole.</summary>
    Stale,
}

/// <summary>Is a root tree that was found in memory, and what could be read from it.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
/// <param name="FdtAddress">The root tree's physical address.</param>
/// <param name="Stage">What it is.</param>
/// <param name="Setup">What a boot protocol told of it; null where nothing in memory does. There is one as soon as the next kernel is
/// loaded.</param>
/// <param name="SessionsFound">The physical address of the first session block where it was found by its look, because the blob that
/// names it is lost; else null.</param>
/// <param name="Handover">What could be read.</param>
public sealed record FoundHandover(
    ulong FdtAddress, HandoverStage Stage, KhoSetupData? Setup, ulong? SessionsFound, Handover Handover);

/// <summary>Is a kernel whose own words on itself were found in memory.</summary>
/// <param name="Address">Their physical address.</param>
/// <param name="Info">The words; those of a kernel before may be cut where their memory was used again.</param>
public sealed record FoundKernel(ulong Address, VmCoreInfo Info);

/// <summary>Holds what was found in an image.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
/// <param name="Handovers">The root trees, the one that matters first.</param>
/// <param name="Kernels">The kernels, by address: that which runs, and those before it whose memory was not used again.</param>
/// <param name="Scanned">The bytes that were looked at.</param>
/// <param name="IsComplete">Whether all that was found is here: an image with more than 64 trees is made up.</param>
public sealed record HandoverSearchResult(
    IReadOnlyList<FoundHandover> Handovers, IReadOnlyList<FoundKernel> Kernels, ulong Scanned, bool IsComplete);
