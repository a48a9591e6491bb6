using LuoInterop.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Litmus.Operations;

/// <summary>Names the bits of the kernel's flag words, without their common prefix.</summary>
internal static class Flags
{
    public static readonly Dictionary<string, long> Open = new()
    {
        ["RDONLY"] = FcntlHeader.O_RDONLY,
        ["WRONLY"] = FcntlHeader.O_WRONLY,
        ["RDWR"] = FcntlHeader.O_RDWR,
        ["CREAT"] = FcntlHeader.O_CREAT,
        ["EXCL"] = FcntlHeader.O_EXCL,
        ["TRUNC"] = FcntlHeader.O_TRUNC,
        ["APPEND"] = FcntlHeader.O_APPEND,
        ["NONBLOCK"] = FcntlHeader.O_NONBLOCK,
        ["CLOEXEC"] = FcntlHeader.O_CLOEXEC,
        ["PATH"] = FcntlHeader.O_PATH,
        ["NOATIME"] = FcntlHeader.O_NOATIME,
        ["LARGEFILE"] = FcntlHeader.O_LARGEFILE,
        ["TMPFILE"] = FcntlHeader.O_TMPFILE,
    };

    public static readonly Dictionary<string, long> Memfd = new()
    {
        ["CLOEXEC"] = MemfdHeader.MFD_CLOEXEC,
        ["ALLOW_SEALING"] = MemfdHeader.MFD_ALLOW_SEALING,
        ["HUGETLB"] = MemfdHeader.MFD_HUGETLB,
        ["NOEXEC_SEAL"] = MemfdHeader.MFD_NOEXEC_SEAL,
        ["EXEC"] = MemfdHeader.MFD_EXEC,
    };

    public static readonly Dictionary<string, long> GuestMemfd = new()
    {
        ["MMAP"] = (long)KvmHeader.GUEST_MEMFD_FLAG_MMAP,
        ["INIT_SHARED"] = (long)KvmHeader.GUEST_MEMFD_FLAG_INIT_SHARED,
    };

    public static readonly Dictionary<string, long> Seals = new()
    {
        ["SEAL"] = FcntlHeader.F_SEAL_SEAL,
        ["SHRINK"] = FcntlHeader.F_SEAL_SHRINK,
        ["GROW"] = FcntlHeader.F_SEAL_GROW,
        ["WRITE"] = FcntlHeader.F_SEAL_WRITE,
        ["FUTURE_WRITE"] = FcntlHeader.F_SEAL_FUTURE_WRITE,
        ["EXEC"] = FcntlHeader.F_SEAL_EXEC,
    };

    public static readonly Dictionary<string, long> Allocate = new()
    {
        ["ALLOCATE"] = 0,
        ["KEEP_SIZE"] = FallocHeader.FALLOC_FL_KEEP_SIZE,
        ["PUNCH_HOLE"] = FallocHeader.FALLOC_FL_PUNCH_HOLE,
        ["COLLAPSE_RANGE"] = FallocHeader.FALLOC_FL_COLLAPSE_RANGE,
        ["ZERO_RANGE"] = FallocHeader.FALLOC_FL_ZERO_RANGE,
        ["INSERT_RANGE"] = FallocHeader.FALLOC_FL_INSERT_RANGE,
        ["UNSHARE_RANGE"] = FallocHeader.FALLOC_FL_UNSHARE_RANGE,
    };

    public static readonly Dictionary<string, long> Advice = new()
    {
        ["REMOVE"] = MmanHeader.MADV_REMOVE,
        ["POPULATE_READ"] = MmanHeader.MADV_POPULATE_READ,
        ["POPULATE_WRITE"] = MmanHeader.MADV_POPULATE_WRITE,
        ["DONTNEED"] = MmanHeader.MADV_DONTNEED,
        ["WILLNEED"] = MmanHeader.MADV_WILLNEED,
    };

    public static readonly Dictionary<string, long> Protection = new()
    {
        ["NONE"] = MmanHeader.PROT_NONE,
        ["READ"] = MmanHeader.PROT_READ,
        ["WRITE"] = MmanHeader.PROT_WRITE,
    };

    /// <summary>Writes a word of flags as names, then the bits without one.</summary>
    public static string Describe(long value, IReadOnlyDictionary<string, long> names)
    {
        var words = new List<string>();
        foreach ((string name, long bit) in names)
        {
            // A name of several bits comes after one that it contains; each bit is written once.
            if (bit != 0 && (value & bit) == bit)
            {
                words.Add(name);
                value &= ~bit;
            }
        }

        if (value != 0 || words.Count == 0)
        {
            words.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{value:x}"));
        }

        return string.Join('|', words);
    }
}
