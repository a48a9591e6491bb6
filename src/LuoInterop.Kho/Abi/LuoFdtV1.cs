namespace LuoInterop.Kho.Abi;

/// <summary>Codes the LUO blob of Linux 6.19 to 7.1: a device tree "luo-v1"
/// (<c>include/linux/kho/abi/luo.h</c> of those kernels).</summary>
/// <param name="LiveupdateNum">The number of the update that this blob is handed to: 1 when written by a cold boot.</param>
/// <param name="SessionHeader">The physical address of the session header; null when there is no such node.</param>
/// <param name="FlbHeader">The physical address of the FLB page; null when there is no such node, as on Linux 6.19.</param>
public sealed record LuoFdtV1(ulong LiveupdateNum, ulong? SessionHeader, ulong? FlbHeader)
{
    /// <summary>The kernel's <c>LUO_FDT_COMPATIBLE</c>.</summary>
    public const string LUO_FDT_COMPATIBLE = "luo-v1";
    /// <summary>The kernel's <c>LUO_FDT_LIVEUPDATE_NUM</c>.</summary>
    public const string LUO_FDT_LIVEUPDATE_NUM = "liveupdate-number";
    /// <summary>The kernel's <c>LUO_FDT_SESSION_NODE_NAME</c>.</summary>
    public const string LUO_FDT_SESSION_NODE_NAME = "luo-session";
    /// <summary>The kernel's <c>LUO_FDT_SESSION_COMPATIBLE</c>.</summary>
    public const string LUO_FDT_SESSION_COMPATIBLE = "luo-session-v2";
    /// <summary>The kernel's <c>LUO_FDT_SESSION_HEADER</c>.</summary>
    public const string LUO_FDT_SESSION_HEADER = "luo-session-header";
    /// <summary>The kernel's <c>LUO_FDT_FLB_NODE_NAME</c>.</summary>
    public const string LUO_FDT_FLB_NODE_NAME = "luo-flb";
    /// <summary>The kernel's <c>LUO_FDT_FLB_COMPATIBLE</c>.</summary>
    public const string LUO_FDT_FLB_COMPATIBLE = "luo-flb-v1";
    /// <summary>The kernel's <c>LUO_FDT_FLB_HEADER</c>.</summary>
    public const string LUO_FDT_FLB_HEADER = "luo-flb-header";

    /// <summary>Reads the blob with the kernel's checks of the root node; the session and FLB nodes are optional here.</summary>
    /// <exception cref="KhoFormatException"><see cref="KhoFormatError.BadProperty"/>: the number is missing, or not 8 bytes.</exception>
    public static LuoFdtV1 Read(KhoFdt fdt) => new(
        fdt.Root.NativeUInt64(LUO_FDT_LIVEUPDATE_NUM)
            ?? throw new KhoFormatException(
                KhoFormatError.BadProperty, $"The LUO tree has no property {LUO_FDT_LIVEUPDATE_NUM} of 8 bytes.", Errno.EINVAL),
        fdt.Root.Child(LUO_FDT_SESSION_NODE_NAME)?.NativeUInt64(LUO_FDT_SESSION_HEADER),
        fdt.Root.Child(LUO_FDT_FLB_NODE_NAME)?.NativeUInt64(LUO_FDT_FLB_HEADER));

    /// <summary>Encodes the blob as <c>luo_fdt_setup</c> does.</summary>
    public byte[] ToArray()
    {
        var writer = new KhoFdtWriter();
        writer.Property("compatible", LUO_FDT_COMPATIBLE);
        writer.NativeUInt64(LUO_FDT_LIVEUPDATE_NUM, LiveupdateNum);
        WriteNode(writer, LUO_FDT_SESSION_NODE_NAME, LUO_FDT_SESSION_COMPATIBLE, LUO_FDT_SESSION_HEADER, SessionHeader);
        WriteNode(writer, LUO_FDT_FLB_NODE_NAME, LUO_FDT_FLB_COMPATIBLE, LUO_FDT_FLB_HEADER, FlbHeader);
        writer.Finish();
        return writer.ToArray();
    }

    private static void WriteNode(KhoFdtWriter writer, string name, string compatible, string property, ulong? value)
    {
        if (value is { } address)
        {
            writer.BeginNode(name);
            writer.Property("compatible", compatible);
            writer.NativeUInt64(property, address);
            writer.EndNode();
        }
    }
}
