namespace LuoInterop;

/// <summary>Says whether a memfd may be executable.</summary>
public enum MemfdExecutable
{
    /// <summary>Asks for MFD_EXEC, as every memfd must be that is to come back writable from a live update.</summary>
    Allowed,
    /// <summary>Asks for MFD_NOEXEC_SEAL. Linux 7.1 to 7.3 give such a file back read-only for ever; do not preserve it.</summary>
    Sealed,
    /// <summary>Asks for neither: sysctl vm.memfd_noexec decides.</summary>
    SystemDefault,
}

/// <summary>Holds how to create a memfd.</summary>
public sealed record MemfdOptions
{
    /// <summary>Gets the options that suit preservation: sealable, ordinary pages, executable allowed.</summary>
    public static MemfdOptions Default { get; } = new();

    /// <summary>Gets whether seals can be added later (MFD_ALLOW_SEALING).</summary>
    public bool AllowSealing { get; init; } = true;

    /// <summary>Gets the size of huge pages in bytes, a power of two that the system has a pool for (MFD_HUGETLB); 0 for ordinary
    /// pages.</summary>
    /// <remarks>Linux 7.3 does not preserve huge-page memfds (ENOENT). For 2 MiB folios that it does preserve, use ordinary pages
    /// and <see cref="MemfdMapping.AdviseHugePages"/>.</remarks>
    public long HugePageSize { get; init; }

    /// <summary>Gets whether the system's default huge page size is used (MFD_HUGETLB without a size).</summary>
    public bool DefaultHugePages { get; init; }

    /// <summary>Gets whether the file may be executable.</summary>
    public MemfdExecutable Executable { get; init; } = MemfdExecutable.Allowed;
}
