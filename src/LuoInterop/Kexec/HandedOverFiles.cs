using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Reads what the running kernel shows of what it hands over.</summary>
internal static class HandedOverFiles
{
    // The kernel's own have one page, or less.
    private const int Most = 64 << 10;

    /// <summary>Reads debugfs; what cannot be read is not known.</summary>
    /// <remarks>Needs CONFIG_KEXEC_HANDOVER_DEBUGFS, debugfs mounted, and root.</remarks>
    public static HandedOver Read(Kernel kernel)
    {
        const string Folder = "/sys/kernel/debug/kho";

        // The outgoing tree is shown after a cold boot only, the incoming one after another: this kernel took it, so it writes the same.
        byte[] tree = TryRead(Folder + "/out/fdt", out _) ?? TryRead(Folder + "/in/fdt", out _) ?? [];
        byte[]? luo = TryRead(Folder + "/out/sub_fdts/LUO", out int error);
        bool isMissing = error == -(int)Errno.ENOENT && tree.Length > 0;
        return HandedOver.OfDebugFs(tree, isMissing ? null : luo ?? [], kernel.CommandLine);

        byte[]? TryRead(string path, out int error) =>
            (error = KernelFile.Read(kernel, path, Most, out byte[] content)) == 0 ? content : null;
    }
}
