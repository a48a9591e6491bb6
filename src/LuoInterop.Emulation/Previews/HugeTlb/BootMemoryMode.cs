namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Names where memblock finds gigantic pages on a KHO boot: the problem of the talk, and what was done about it.</summary>
internal enum BootMemoryMode
{
    /// <summary>KHO calls all memory scratch that holds nothing preserved, by blocks of 1 GiB (kho_extend_scratch, Linux 7.3).</summary>
    Extended,

    /// <summary>Scratch-only mode has ended by then: KHO's memory is sorted out first (the RFC's second patch).</summary>
    Early,

    /// <summary>Scratch-only mode is on: nothing that is found may be taken (Linux up to 7.2, and the RFC's starting point).</summary>
    ScratchOnly,
}
