using LuoInterop.Kvm;

namespace LuoInterop.Emulation;

/// <summary>Names the parts of live update that Linux 7.3 does not have and an emulated kernel can have, after their postings.</summary>
/// <remarks>
/// A kernel has a preview when its release, that of <see cref="EmulatedMachineOptions.Release"/> or of the loaded image, is a 7.3
/// whose local version names it: <c>7.3.4-rfc-hugetlb-rfc-guest-memfd</c> has two. A name that begins with <c>rfc-</c> and is none of these
/// is refused. Without one an emulated 7.3 answers as Linux does.
/// </remarks>
public static class KernelPreviews
{
    /// <summary>Names the preservation of HugeTLB memory files and of pools of huge pages: docs/hugetlb.md.</summary>
    public const string HugeTlb = "rfc-hugetlb";

    /// <summary>Names the preservation of guest_memfd and of virtual machines: docs/guest-memfd.md.</summary>
    public const string GuestMemfd = "rfc-guest-memfd";

    /// <summary>Names the choice of the versions that the handler of memory files writes and reads: docs/handlers.md.</summary>
    public const string Versions = "rfc-versions";

    /// <summary>Gets all names.</summary>
    public static IReadOnlyList<string> All { get; } = [HugeTlb, GuestMemfd, Versions];
}
