using LuoInterop.Interop;
using LuoInterop.VmTesting;

namespace LuoInterop.Contract.Probes;

/// <summary>Runs into, or past, the fault of Linux 7.2 and 7.3 that panics the next kernel.</summary>
/// <remarks>
/// With 51*n outgoing sessions a create that fails with EEXIST leaves an empty block linked (luo_session_insert grows the
/// set before it looks at the names), which the next kernel rejects with a panic.
/// </remarks>
public static class EmptyBlock
{
    /// <summary>Creates and reboots through the library.</summary>
    public const string Guarded = "empty-block-guarded";

    /// <summary>Fails the create past the library, as another process would, and reboots through it.</summary>
    public const string GuardedReboot = "empty-block-guarded-reboot";

    /// <summary>Does both past the library: the control.</summary>
    public const string Unguarded = "empty-block-unguarded";
    private const int Sessions = 51;

    public static int Run(Guest guest, string variant)
    {
        ArgumentNullException.ThrowIfNull(guest);
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux))
        {
            if (guest.Stage == 2)
            {
                for (int i = 0; i < Sessions; i++)
                {
                    using LiveUpdateSession session = device.RetrieveSession($"s{i}");
                    session.Finish();
                }

                return 0;
            }

            for (int i = 0; i < Sessions; i++)
            {
                device.CreateSession($"s{i}").HoldUntilKexec();
            }

            if (variant == Guarded)
            {
                Refused.With(Errno.EEXIST, () => device.CreateSession("s7"));
            }
            else
            {
                Refused.With(Errno.EEXIST, Kernel.Linux.Ioctl(device.Handle, RawIoctl.CreateSession, RawIoctl.Named("s7")));
            }
        }

        KexecImage image = KexecImage.Load(Kernel.Linux, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
        Guest.Flush();
        if (variant != Unguarded)
        {
            image.Reboot();
        }

        // Returns only when it was refused.
        return -Kernel.Linux.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC);
    }
}
