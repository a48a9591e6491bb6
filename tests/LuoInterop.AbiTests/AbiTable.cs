using LuoInterop.Interop;

namespace LuoInterop.AbiTests;

/// <summary>Says which kernel header declares a structure. The structure's name is its C name.</summary>
/// <param name="Type">The raw structure.</param>
/// <param name="Header">The header of the kernel.</param>
internal sealed record StructureEntry(Type Type, string Header)
{
    /// <summary>Gets the reason why the fields leave bytes of the structure without a name; null if they leave none.</summary>
    public string? PartialBecause { get; init; }

    /// <summary>Gets the fields whose C sign is not compared, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> SignNotCompared { get; init; } = new Dictionary<string, string>();
}

/// <summary>Says which kernel headers declare a class's (or an enum's) constants. A constant's name is its C name.</summary>
/// <param name="Type">The class.</param>
/// <param name="Headers">The headers of the kernel.</param>
internal sealed record ConstantsEntry(Type Type, params string[] Headers)
{
    /// <summary>Gets the constants whose C form is not their name.</summary>
    public IReadOnlyDictionary<string, CForm> Forms { get; init; } = new Dictionary<string, CForm>();

    /// <summary>Gets the constants that no C header has, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> NotInC { get; init; } = new Dictionary<string, string>();
}

/// <summary>States a constant in C where its name is another one, or its header is.</summary>
internal sealed record CForm(string Expression, string? Header = null);

/// <summary>Maps every raw declaration to the kernel's headers. A declaration that is missing here fails a test.</summary>
internal static class AbiTable
{
    private const string UnsignedInLibc =
        "a count: the kernel's header says long, the C library's, whose fstatfs is called, says unsigned long";

    public static IReadOnlyList<StructureEntry> Structures { get; } =
    [
        new(typeof(liveupdate_ioctl_create_session), "linux/liveupdate.h"),
        new(typeof(liveupdate_ioctl_retrieve_session), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_preserve_fd), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_retrieve_fd), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_finish), "linux/liveupdate.h"),
        new(typeof(liveupdate_session_get_name), "linux/liveupdate.h"),
        new(typeof(statx_timestamp), "linux/stat.h"),
        new(typeof(statx), "linux/stat.h")
        {
            PartialBecause = "nothing after stx_dev_minor is read; the size covers what the kernel writes",
            SignNotCompared = new Dictionary<string, string> { ["__spare0"] = "an array of one element in C" },
        },
        new(typeof(statfs), "asm/statfs.h")
        {
            SignNotCompared = new Dictionary<string, string>
            {
                ["f_blocks"] = UnsignedInLibc,
                ["f_bfree"] = UnsignedInLibc,
                ["f_bavail"] = UnsignedInLibc,
                ["f_files"] = UnsignedInLibc,
                ["f_ffree"] = UnsignedInLibc,
            },
        },
    ];

    /// <summary>Gets the value types that are no C structure, each with the reason.</summary>
    public static IReadOnlyDictionary<Type, string> NotStructures { get; } = new Dictionary<Type, string>
    {
        [typeof(SessionNameBytes)] = "the type of an array field, compared as a field of the structures that hold it",
    };

    public static IReadOnlyList<ConstantsEntry> Constants { get; } =
    [
        new(typeof(LiveUpdateHeader), "linux/liveupdate.h"),
        new(typeof(MemfdHeader), "linux/memfd.h"),
        new(typeof(FcntlHeader), "linux/fcntl.h"),
        new(typeof(FallocHeader), "linux/falloc.h"),
        new(typeof(MmanHeader), "linux/mman.h"),
        new(typeof(StatHeader), "linux/stat.h"),
        new(typeof(MagicHeader), "linux/magic.h"),
        new(typeof(RebootHeader), "linux/reboot.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["NR_reboot_x86_64"] = new("__NR_reboot", "asm/unistd_64.h"),
                ["NR_reboot_arm64"] = new("__NR_reboot", "asm-generic/unistd.h"),
            },
        },
        new(typeof(KexecHeader), "linux/kexec.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["NR_kexec_file_load_x86_64"] = new("__NR_kexec_file_load", "asm/unistd_64.h"),
                ["NR_kexec_file_load_arm64"] = new("__NR_kexec_file_load", "asm-generic/unistd.h"),
            },
        },
        new(typeof(Libc))
        {
            NotInC = new Dictionary<string, string> { ["Library"] = "the library's file name, proved by loading it" },
        },

        // Outside the raw namespace, but their values go to the kernel or come from it as they are.
        new(typeof(Errno), "linux/errno.h")
        {
            NotInC = new Dictionary<string, string> { ["None"] = "success has no name in C" },
        },
        new(typeof(SeekOrigin), "linux/fs.h")
        {
            Forms = new Dictionary<string, CForm>
            {
                ["Begin"] = new("SEEK_SET"),
                ["Current"] = new("SEEK_CUR"),
                ["End"] = new("SEEK_END"),
            },
        },
    ];
}
