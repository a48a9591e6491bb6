namespace LuoInterop.VmBenchmarks;

/// <summary>Is one live update as it was measured.</summary>
/// <param name="Size">What it carried.</param>
/// <param name="Seconds">What each phase took.</param>
/// <param name="MetadataBytes">The memory that preserving took beside the files.</param>
/// <param name="ListBytes">The part of it that is the lists of folios (vmalloc).</param>
/// <param name="HugeFolios">The folios of 2 MiB among the files.</param>
public sealed record UpdateResult(
    UpdateSize Size, IReadOnlyDictionary<Phase, double> Seconds, double MetadataBytes, double ListBytes, double HugeFolios)
{
    /// <summary>Gets the seconds from the call of reboot(2) to the next kernel's program.</summary>
    public double DownSeconds => PhaseNames.Down.Sum(phase => Seconds[phase]);
}
