using System.Diagnostics.CodeAnalysis;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Kvm;

namespace LuoInterop.Emulation.Boot;

/// <summary>Describes how one release of Linux hands over, in the facts that differ between releases.</summary>
/// <remarks>
/// A series is described as its first release, but 7.0 with the fix that file errors fail the open (April 2026, stable), and
/// 7.2 as 7.2.6 and later (FINISH looks at its reserved field). Sources: the kernels' kexec_handover.c, luo_core.c, luo_session.c,
/// luo_file.c and memfd_luo.c. Immutable.
/// </remarks>
internal sealed record KernelProfile
{
    private static readonly KernelProfile s_linux618 = new("6.18");

    private static readonly KernelProfile s_linux619 = s_linux618 with
    {
        Series = "6.19",
        Finalization = KhoFinalization.AtReboot,
        HasKexecFolder = true,
        Luo = static handover => new LuoTree(handover, hasFlb: false),
        SharesFiles = true,
    };

    private static readonly KernelProfile s_linux70 = s_linux619 with
    {
        Series = "7.0",
        Luo = static handover => new LuoTree(handover, hasFlb: true),
        RemembersFailedRetrieve = true,
        RefusesLostFiles = true,
    };

    private static readonly KernelProfile s_linux71 = s_linux70 with
    {
        Series = "7.1",
        Kho = KhoFormat.V3,
        Finalization = KhoFinalization.None,
        HasKexecMetadata = true,
        Memfd = MemfdFormat.V2,
        SharesFiles = false,
        RefusesTooManyPages = true,
    };

    private static readonly KernelProfile s_linux72 = s_linux71 with
    {
        Series = "7.2",
        Kho = KhoFormat.V4,
        Luo = static handover => new LuoStructure(handover),
        HasGetName = true,
        ChecksSessionName = true,
        ChecksSessionType = true,
        ChecksFinishReserved = true,
    };

    private static readonly KernelProfile s_linux73 = s_linux72 with { Series = "7.3" };

    private KernelProfile(string series) => Series = series;

    /// <summary>Gets all releases that can be emulated, the oldest first.</summary>
    public static IReadOnlyList<KernelProfile> All { get; } = [s_linux618, s_linux619, s_linux70, s_linux71, s_linux72, s_linux73];

    /// <summary>Gets the first two numbers of the release.</summary>
    public string Series { get; private init; }

    /// <summary>Gets the form of KHO's tree and of its map of preserved memory.</summary>
    public KhoFormat Kho { get; private init; } = KhoFormat.V1;

    /// <summary>Gets who writes the map of preserved memory, and when.</summary>
    public KhoFinalization Finalization { get; private init; } = KhoFinalization.ByHand;

    /// <summary>Gets whether kernels tell each other release and count (the sub-tree kexec-metadata, since 7.1).</summary>
    public bool HasKexecMetadata { get; private init; }

    /// <summary>Gets whether sysfs has the folder <c>/sys/kernel/kexec</c> (since 6.19) beside <c>/sys/kernel/kexec_loaded</c>.</summary>
    public bool HasKexecFolder { get; private init; }

    /// <summary>Makes the form of LUO's own state; null on a kernel without LUO.</summary>
    public Func<KexecHandover, LuoFormat>? Luo { get; private init; }

    /// <summary>Gets the form of a preserved memfd's record.</summary>
    public MemfdFormat Memfd { get; private init; } = MemfdFormat.V1;

    /// <summary>Gets whether one file can be preserved more than once: EBUSY since 7.1 (get_id).</summary>
    public bool SharesFiles { get; private init; }

    /// <summary>Gets whether a failed RETRIEVE_FD fails for ever (since 7.0), or is tried again.</summary>
    public bool RemembersFailedRetrieve { get; private init; }

    /// <summary>Gets whether a session whose files cannot be made fails the first open (since 7.0), or lacks them.</summary>
    public bool RefusesLostFiles { get; private init; }

    /// <summary>Gets whether more than UINT_MAX pages are EFBIG (since 7.1), or their number loses its upper bits.</summary>
    public bool RefusesTooManyPages { get; private init; }

    /// <summary>Gets whether sessions have GET_NAME (since 7.2).</summary>
    public bool HasGetName { get; private init; }

    /// <summary>Gets whether CREATE_SESSION refuses an empty or unterminated name (since 7.2), or cuts it to 63 bytes.</summary>
    public bool ChecksSessionName { get; private init; }

    /// <summary>Gets whether a call on the wrong kind of session is EINVAL (since 7.2), or done.</summary>
    public bool ChecksSessionType { get; private init; }

    /// <summary>Gets whether FINISH refuses a reserved field that is not zero (since 7.2.6).</summary>
    public bool ChecksFinishReserved { get; private init; }

    /// <summary>Gets the previews that the kernel has (<see cref="KernelPreviews"/>).</summary>
    public IReadOnlyList<string> Previews { get; private init; } = [];

    /// <summary>Gets whether the kernel preserves HugeTLB memory files.</summary>
    public bool HasHugeTlb => Previews.Contains(KernelPreviews.HugeTlb);

    /// <summary>Gets whether the kernel preserves guest_memfd.</summary>
    public bool HasGuestMemfd => Previews.Contains(KernelPreviews.GuestMemfd);

    /// <summary>Gets whether the versions of memory files can be chosen.</summary>
    public bool HasVersions => Previews.Contains(KernelPreviews.Versions);

    /// <summary>Describes a kernel of this release that was built with less.</summary>
    public KernelProfile BuiltWith(KernelFeatures features) => features.LiveUpdate == false ? this with { Luo = null } : this;

    /// <summary>Finds the description of a release by its first two numbers, and by the previews in its local version.</summary>
    public static bool TryFind(string release, [NotNullWhen(true)] out KernelProfile? profile)
    {
        profile = null;
        foreach (KernelProfile known in All)
        {
            if (release.StartsWith(known.Series, StringComparison.Ordinal)
                && (release.Length == known.Series.Length || !char.IsAsciiDigit(release[known.Series.Length])))
            {
                profile = known.WithPreviews(release[known.Series.Length..]);
            }
        }

        return profile is not null;
    }

    // Null when a preview is not known, or is of another release than the last.
    private KernelProfile? WithPreviews(string rest)
    {
        const string Mark = "-rfc-";
        var previews = new List<string>();
        for (int at = rest.IndexOf(Mark, StringComparison.Ordinal); at >= 0; at = rest.IndexOf(Mark, at, StringComparison.Ordinal))
        {
            int name = ++at;
            if (KernelPreviews.All.FirstOrDefault(preview => IsWord(rest, name, preview)) is not { } found || this != s_linux73)
            {
                return null;
            }

            previews.Add(found);
        }

        return previews.Count == 0 ? this : this with { Previews = previews };
    }

    private static bool IsWord(string text, int at, string word) =>
        string.CompareOrdinal(text, at, word, 0, word.Length) == 0
        && (text.Length == at + word.Length || text[at + word.Length] is '-' or '.' or '+');
}
