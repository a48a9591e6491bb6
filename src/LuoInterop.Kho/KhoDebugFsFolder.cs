using LuoInterop.Interop;

namespace LuoInterop.Kho;

/// <summary>Reads files below debugfs's folder <c>kho</c> with a cap, and finds out why one is missing.</summary>
internal sealed class KhoDebugFsFolder(Kernel kernel, string root)
{
    public string Root { get; } = root;

    public KhoReading<byte[]> Read(KhoDirection direction, string file)
    {
        int error = KernelFile.Read(kernel, $"{Root}/{Side(direction)}/{file}", KhoDebugFs.MaxFileBytes, out byte[] content);
        return error switch
        {
            0 => KhoReading<byte[]>.Present(content),
            -(int)Errno.EFBIG => KhoReading<byte[]>.Unusable(
                KhoState.Malformed, $"{Side(direction)}/{file} has more than {KhoDebugFs.MaxFileBytes} bytes and was not read."),
            _ => Missing<byte[]>((Errno)(-error), direction, file),
        };
    }

    public KhoReading<IReadOnlyList<string>> List(KhoDirection direction, string folder)
    {
        int error = kernel.ReadDirectory($"{Root}/{Side(direction)}/{folder}", out string[] names);
        if (error < 0)
        {
            return Missing<IReadOnlyList<string>>((Errno)(-error), direction, folder);
        }

        Array.Sort(names, StringComparer.Ordinal);
        return KhoReading<IReadOnlyList<string>>.Present(names);
    }

    private KhoReading<T> Missing<T>(Errno errno, KhoDirection direction, string file)
    {
        (KhoAbsence absence, string detail) = Explain(errno, direction, file);
        return KhoReading<T>.Absent(absence, detail, errno);
    }

    private (KhoAbsence Absence, string Detail) Explain(Errno errno, KhoDirection direction, string file)
    {
        if (errno is Errno.EACCES or Errno.EPERM)
        {
            return NoPermission();
        }

        if (errno is not (Errno.ENOENT or Errno.ENOTDIR))
        {
            return (KhoAbsence.Refused, $"The kernel refused to show {Root}/{Side(direction)}/{file} ({errno}).");
        }

        int error = kernel.ReadDirectory(Root, out string[] sides);
        if (error < 0)
        {
            return ExplainRoot((Errno)(-error));
        }

        if (!sides.Contains(Side(KhoDirection.Out), StringComparer.Ordinal))
        {
            return (KhoAbsence.KhoOff, $"{Root} has no folder out: KHO did not start on this kernel. See the kernel log for \"KHO:\".");
        }

        bool handedOver = sides.Contains(Side(KhoDirection.In), StringComparer.Ordinal);
        return (direction, file) switch
        {
            (KhoDirection.In, _) when !handedOver => (
                KhoAbsence.ColdBoot, "This kernel was started without a handover (a cold boot, or a kexec whose handover was not taken)."),
            (KhoDirection.In, _) => (
                KhoAbsence.NotHandedOver, $"The previous kernel did not hand over {Leaf(file)}."),
            (KhoDirection.Out, "fdt") when handedOver => (
                KhoAbsence.KhoBoot, "A kernel that was started by a handover does not show its outgoing tree. List out/sub_fdts instead."),
            (KhoDirection.Out, "sub_fdts/LUO") => (
                KhoAbsence.LiveUpdateOff,
                "The Live Update Orchestrator is off: boot with liveupdate=on and kho=on, on a kernel with CONFIG_LIVEUPDATE."),
            _ => (KhoAbsence.NoSuchEntry, $"This kernel shows no {Side(direction)}/{file}."),
        };
    }

    private (KhoAbsence Absence, string Detail) ExplainRoot(Errno errno)
    {
        if (errno is Errno.EACCES or Errno.EPERM)
        {
            return NoPermission();
        }

        if (errno is not (Errno.ENOENT or Errno.ENOTDIR))
        {
            return (KhoAbsence.Refused, $"The kernel refused to list {Root} ({errno}).");
        }

        string parent = Path.GetDirectoryName(Path.GetFullPath(Root)) ?? "/";
        using var folder = new KernelHandle(kernel);
        int fd = folder.Take(KernelFile.Open(kernel, parent));
        if (fd == -(int)Errno.EACCES || fd == -(int)Errno.EPERM)
        {
            return NoPermission();
        }

        bool mounted = fd >= 0
            && Uninterrupted.FStat(kernel, folder, out FileStatus status) == 0
            && status.FileSystemType == MagicHeader.DEBUGFS_MAGIC;
        return mounted
            ? (KhoAbsence.KhoOff,
                "KHO is off: boot with kho=on, on a kernel with CONFIG_KEXEC_HANDOVER and CONFIG_KEXEC_HANDOVER_DEBUGFS.")
            : (KhoAbsence.DebugFsNotMounted, $"debugfs is not mounted: run \"mount -t debugfs none {parent}\" as root.");
    }

    private (KhoAbsence Absence, string Detail) NoPermission() =>
        (KhoAbsence.NoPermission, $"Only root may read {Root}: run as root.");

    private static string Side(KhoDirection direction) => direction switch
    {
        KhoDirection.In => "in",
        KhoDirection.Out => "out",
        _ => throw new ArgumentOutOfRangeException(nameof(direction)),
    };

    private static string Leaf(string file) => file[(file.LastIndexOf('/') + 1)..];
}
