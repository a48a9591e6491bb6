using System.Globalization;
using System.Text;
using LuoInterop.Cli.Output;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Puts what was decoded into words.</summary>
internal static class Words
{
    private static readonly (uint Bit, string Name)[] s_seals =
        [(1, "seal"), (2, "shrink"), (4, "grow"), (8, "write"), (16, "future-write"), (32, "exec")];

    // Of merged kernels, and of postings that the preview kernels or the mailing lists have.
    private static readonly Dictionary<string, string> s_handlers = new(StringComparer.Ordinal)
    {
        ["memfd-v1"] = "memory file (Linux 6.19, 7.0)",
        ["memfd-v2"] = "memory file (Linux 7.1 to 7.3)",
        ["huge-memfd-v1"] = "memory file of huge pages (posted, not merged)",
        ["guest_memfd_luo_v1"] = "guest memory (posted, not merged)",
        ["kvm_vm_luo_v1"] = "virtual machine (posted, not merged)",
        ["kvm_vcpu_luo_v1"] = "virtual processor (posted, not merged)",
        ["vfio-pci-v1"] = "PCI device under VFIO (posted, not merged)",
        ["iommufd-v1"] = "IOMMU mappings (posted, not merged)",
        ["tmpfs-mnt-v1"] = "mounted tmpfs (posted, not merged)",
        ["tmpfs-file-v1"] = "file of a preserved tmpfs (posted, not merged)",
    };

    /// <summary>Gets a kernel's bytes as text: UTF-8 where they are that, else one character a byte.</summary>
    public static string Text(string bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Encoding.Latin1.GetBytes(bytes));
        }
        catch (DecoderFallbackException)
        {
            return bytes;
        }
    }

    public static string Handler(string compatible) => s_handlers.GetValueOrDefault(compatible, "a handler that is not known here");

    public static IReadOnlyList<string> Seals(uint seals) =>
    [
        .. s_seals.Where(seal => (seals & seal.Bit) != 0).Select(static seal => seal.Name),
        .. seals >> s_seals.Length != 0 ? [string.Create(CultureInfo.InvariantCulture, $"0x{seals & ~0x3fU:x}")] : Array.Empty<string>(),
    ];

    /// <summary>Gets counts of folios as <c>3 x 4 KiB, 1 x 2 MiB</c>.</summary>
    public static string Orders(IEnumerable<KeyValuePair<int, long>> orders) => string.Join(", ", orders.Select(static pair =>
        pair.Key < 0
            ? string.Create(CultureInfo.InvariantCulture, $"{pair.Value} lost")
            : string.Create(CultureInfo.InvariantCulture, $"{pair.Value} x {TextOutput.Size((ulong)MemoryImage.PageSize << pair.Key)}")));

    public static string Format(MemoryImage image)
    {
        string name = image.Format switch
        {
            MemoryImageFormat.Raw => "raw",
            MemoryImageFormat.ElfCore => "ELF core",
            _ => "kdump-compressed",
        };
        string level = image.DumpLevel is { } number and not 0
            ? string.Create(CultureInfo.InvariantCulture, $", filter level {number}") : "";
        return $"{name}{(image.Details.Length > 0 ? $", {image.Details}" : "")}{level}{(image.IsFlattened ? ", flattened" : "")}";
    }

    public static string Stage(FoundHandover found) => found.Stage switch
    {
        HandoverStage.Written when found.SessionsFound is not null => "written, and not taken yet: its kernel has started",
        HandoverStage.Written when !found.Handover.IsMapSound => "written, and not taken yet: its kernel has started",
        HandoverStage.Written => "written: its kernel has jumped, or is about to",
        HandoverStage.NotWritten when found.Handover.Luo is null => "of a kernel without live update",
        HandoverStage.NotWritten => "no sessions: a kernel writes them when it jumps",
        _ => "stale: freed, and used again",
    };

    /// <summary>Says what of a file is not in the image; null where all is.</summary>
    public static string? Gaps(MemoryImage image, DecodedFile file)
    {
        if (file.File.Memfd is null)
        {
            return null;
        }

        var parts = new List<string>();
        Add(file.Pages.Excluded, image.DumpLevel is { } level and not 0
            ? string.Create(CultureInfo.InvariantCulture, $"excluded by the dump's filter (level {level})")
            : "not in the dump (left out when it was written)");
        Add(file.Pages.Missing, "missing: the dump is not complete");
        Add(file.Pages.Absent, "where the machine has no memory");
        if (file.Lost > 0)
        {
            parts.Add($"{TextOutput.Size(file.Lost)} without a preserved folio");
        }

        return parts.Count == 0 ? null : string.Join("; ", parts);

        void Add(ulong pages, string what)
        {
            if (pages > 0)
            {
                parts.Add($"{TextOutput.Count((long)pages, "page")} of {file.Pages.Total} {what}");
            }
        }
    }

    /// <summary>Gets the sentence on a fault, with what the image says of its address.</summary>
    public static string Fault(MemoryImage image, HandoverFault fault) =>
        $"{Text(fault.Part)}: {Text(fault.Message).TrimEnd('.')}"
        + (fault.Address is { } address ? $": {image.Explain(address)}." : ".");
}
