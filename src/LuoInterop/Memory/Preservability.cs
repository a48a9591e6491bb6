using System.Runtime.InteropServices;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop;

/// <summary>Says why a kernel would not preserve a file.</summary>
public enum PreservabilityRule
{
    /// <summary>The file would be preserved and come back as it is.</summary>
    Accepted,
    /// <summary>The descriptor is not open, or was opened with O_PATH (EBADF).</summary>
    NotOpen,
    /// <summary>The file is not in memory: a disk file, device, pipe, socket (ENOENT).</summary>
    NotMemory,
    /// <summary>The file has a name in a tmpfs (ENOENT).</summary>
    Linked,
    /// <summary>The file is backed by huge pages of a pool (MFD_HUGETLB) (ENOENT).</summary>
    HugePages,
    /// <summary>The file has more than 4,294,967,295 pages (EFBIG), or 1 TiB or more (ENOMEM).</summary>
    TooLarge,
    /// <summary>The kernel would take it, but give it back read-only for ever, because of F_SEAL_EXEC.</summary>
    ExecSeal,
}

/// <summary>Tells whether Linux 7.1 to 7.3 would preserve a file, and if not why.</summary>
/// <param name="Rule">The rule that decides.</param>
/// <param name="Explanation">A sentence that says so, and what to do.</param>
/// <remarks>Source: <c>memfd_luo_can_preserve</c> and <c>memfd_luo_preserve</c> in <c>mm/memfd_luo.c</c>. What else can fail needs
/// memory or depends on other sessions: only the kernel knows.</remarks>
public sealed record Preservability(PreservabilityRule Rule, string Explanation)
{
    /// <summary>The size from which on the kernel's list of pages cannot be allocated (INT_MAX bytes, 8 a page).</summary>
    private static readonly long FolioListLimit = (1L << 28) * Environment.SystemPageSize;

    private static ushort TypeMask => (ushort)LibC.S_IFMT;

    internal const string ExecSealExplanation =
        "The memfd has F_SEAL_EXEC (made with MFD_NOEXEC_SEAL, or by vm.memfd_noexec=1). Linux 7.1 to 7.3 give it back with every "
            + "write seal set, read-only for ever. Create it with MemfdExecutable.Allowed (the default of Memfd.Create), or insist "
            + "with PreserveOptions.AllowExecSeal.";

    /// <summary>Gets whether the file would be preserved and come back as it is.</summary>
    public bool IsAccepted => Rule == PreservabilityRule.Accepted;

    /// <summary>Finds out whether a file would be preserved.</summary>
    /// <param name="kernel">The kernel that holds the file.</param>
    /// <param name="file">The file; it stays the caller's.</param>
    public static Preservability Of(Kernel kernel, SafeHandle file)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(file);
        int flags = kernel.Fcntl(file, FcntlHeader.F_GETFL);
        if (flags < 0 || (flags & LibC.O_PATH) != 0 || Uninterrupted.FStat(kernel, file, out FileStatus status) < 0)
        {
            return new(PreservabilityRule.NotOpen, "The descriptor is not open, or was opened with O_PATH.");
        }

        if (status.FileSystemType == MagicHeader.HUGETLBFS_MAGIC)
        {
            return new(
                PreservabilityRule.HugePages,
                "The file is backed by a pool of huge pages, which Linux 7.3 does not preserve. Use an ordinary memfd with "
                    + "MemfdMapping.AdviseHugePages.");
        }

        if (status.FileSystemType != MagicHeader.TMPFS_MAGIC || (status.Mode & TypeMask) != (ushort)LibC.S_IFREG)
        {
            return new(PreservabilityRule.NotMemory, "The file is no memfd and no file of a tmpfs. Only those can be preserved.");
        }

        if (status.Links != 0)
        {
            return new(PreservabilityRule.Linked, "The file has a name in its tmpfs. Unlink it, or use a memfd.");
        }

        if (status.Size >= FolioListLimit)
        {
            return new(PreservabilityRule.TooLarge, $"The file has {FolioListLimit >> 40} TiB or more; the kernel cannot list so many "
                + "pages. Split it.");
        }

        int seals = kernel.Fcntl(file, FcntlHeader.F_GET_SEALS);
        return seals >= 0 && (seals & FcntlHeader.F_SEAL_EXEC) != 0
            ? new(PreservabilityRule.ExecSeal, ExecSealExplanation)
            : new(PreservabilityRule.Accepted, "The file would be preserved.");
    }
}
