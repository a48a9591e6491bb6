using System.Globalization;
using System.Text;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop;

/// <summary>Counts the loads of images on a machine by the sysctl kernel.kexec_load_limit_reboot, which every load and unload that
/// is permitted lowers by one.</summary>
/// <remarks>Since Linux 6.3; source: kexec_load_permitted and kexec_limit_handler of <c>kernel/kexec_core.c</c>.</remarks>
internal static class KexecLoadLimit
{
    public const string Path = "/proc/sys/kernel/kexec_load_limit_reboot";

    private const int NoLimit = -1;

    /// <summary>Sees to it that loads are counted; gives how many are left, or null where that cannot be.</summary>
    /// <remarks>A limit that is there stays. One that was set cannot be taken back before the next boot; the highest one never
    /// stops anybody.</remarks>
    public static int? Start(Kernel kernel)
    {
        if (Get(kernel) == NoLimit)
        {
            using var file = new KernelHandle(kernel);
            if (file.Take(Uninterrupted.Open(kernel, Path, LibC.O_WRONLY | LibC.O_CLOEXEC)) >= 0)
            {
                // Refused where another program set one first: then that is read.
                _ = Uninterrupted.Write(kernel, file, Encoding.ASCII.GetBytes(int.MaxValue.ToString(CultureInfo.InvariantCulture)));
            }
        }

        return Read(kernel);
    }

    /// <summary>Gives how many loads are left; null where they are not counted, or the kernel does not show it.</summary>
    public static int? Read(Kernel kernel) => Get(kernel) is >= 0 and { } left ? left : null;

    private static int? Get(Kernel kernel) =>
        KernelFile.Read(kernel, Path, 64, out byte[] text) == 0
        && int.TryParse(
            Encoding.ASCII.GetString(text).AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int limit)
            ? limit
            : null;
}
