using System.Text;

namespace LuoInterop.KernelImages.Contents;

/// <summary>Says what a text in a kernel names.</summary>
internal enum CompatibleKind
{
    /// <summary>The format of KHO's tree.</summary>
    Kho,

    /// <summary>A format of LUO's own state.</summary>
    Luo,

    /// <summary>A format of memory that <c>reserve_mem=</c> names.</summary>
    ReservedMemory,

    /// <summary>A file handler.</summary>
    FileHandler,

    /// <summary>An object that files share (FLB).</summary>
    SharedObject,
}

/// <summary>Knows the texts that kernels compare at a live update, by what stands before their number.</summary>
/// <remarks>Sources: <c>include/linux/kho/abi/*.h</c>, <c>lib/tests/liveupdate.c</c>; the posted patches for HugeTLB, guest_memfd, VFIO,
/// IOMMUFD and tmpfs.</remarks>
internal static class CompatibleTexts
{
    /// <summary>The most bytes of a name with its number (LIVEUPDATE_HNDL_COMPAT_LENGTH).</summary>
    public const int Longest = 48;

    private static readonly (string Name, CompatibleKind Kind, bool MayBeModule)[] s_known =
    [
        ("kho", CompatibleKind.Kho, false),
        ("luo", CompatibleKind.Luo, false),
        ("luo-session", CompatibleKind.Luo, false),
        ("luo-flb", CompatibleKind.Luo, false),
        ("memblock", CompatibleKind.ReservedMemory, false),
        ("reserve-mem", CompatibleKind.ReservedMemory, false),
        ("memfd", CompatibleKind.FileHandler, false),
        ("tmpfs-file", CompatibleKind.FileHandler, false),
        ("tmpfs-mnt", CompatibleKind.FileHandler, false),
        ("guest_memfd_luo", CompatibleKind.FileHandler, true),
        ("kvm_vm_luo", CompatibleKind.FileHandler, true),
        ("kvm_vcpu_luo", CompatibleKind.FileHandler, true),
        ("vfio-pci", CompatibleKind.FileHandler, true),
        ("iommufd", CompatibleKind.FileHandler, true),
        ("hugetlb", CompatibleKind.SharedObject, false),
        ("liveupdate-test-flb", CompatibleKind.SharedObject, false),
    ];

    /// <summary>Gets what a text names; null for one that is not known.</summary>
    public static CompatibleKind? KindOf(string text) => Find(text)?.Kind;

    /// <summary>Tells whether a handler can be part of a module, so that the kernel's image need not have its text.</summary>
    public static bool MayBeModule(string text) => Find(text)?.MayBeModule ?? true;

    /// <summary>Gets what stands before the number of a version: <c>memfd</c> of <c>memfd-v2</c>.</summary>
    public static string NameOf(string text)
    {
        int mark = Math.Max(text.LastIndexOf("-v", StringComparison.Ordinal), text.LastIndexOf("_v", StringComparison.Ordinal));
        return mark > 0 ? text[..mark] : text;
    }

    /// <summary>Adds the known texts in a piece of memory. A text ends with a NUL, and what stands before it belongs to no name.</summary>
    /// <param name="bytes">The piece.</param>
    /// <param name="isStart">Whether nothing comes before the piece.</param>
    /// <param name="found">The texts.</param>
    public static void Find(ReadOnlySpan<byte> bytes, bool isStart, ISet<string> found)
    {
        Find(bytes, "-v"u8, isStart, found);
        Find(bytes, "_luo_v"u8, isStart, found);
    }

    private static void Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mark, bool isStart, ISet<string> found)
    {
        for (int from = 0; bytes[from..].IndexOf(mark) is var at and >= 0;)
        {
            int start = from + at;
            from = start + mark.Length;
            int end = from;
            while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end]) && end - from < 9)
            {
                end++;
            }

            if (end == from || end == bytes.Length || bytes[end] != 0)
            {
                continue;
            }

            while (start > 0 && end - start < Longest && IsOfName(bytes[start - 1]))
            {
                start--;
            }

            bool isWhole = start > 0 ? !IsOfName(bytes[start - 1]) : isStart;
            if (isWhole && Encoding.ASCII.GetString(bytes[start..end]) is var text && KindOf(text) is not null)
            {
                found.Add(text);
            }
        }
    }

    private static bool IsOfName(byte letter) => char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'-' or (byte)'_';

    private static (string Name, CompatibleKind Kind, bool MayBeModule)? Find(string text)
    {
        string name = NameOf(text);
        foreach ((string Name, CompatibleKind Kind, bool MayBeModule) known in s_known)
        {
            if (known.Name == name)
            {
                return known;
            }
        }

        return null;
    }
}
