using LuoInterop.VmTesting;

namespace LuoInterop.Contract.Probes;

/// <summary>Runs into, or past, the fault of Linux 7.2 and 7.3 that panics the next kernel.</summary>
/// <remarks>
/// With 51*n outgoing sessions a create that fails with EEXIST leaves an empty block linked (luo_session_insert grows the
/// set before it looks at the names), which the next kernel rejects with a panic.
/// </remarks>
public static class EmptyBlock
{
    public const string Guarded = "empty-block-guarded";
    public const string Unguarded = "empty-block-unguarded";
    private const int Sessions = 51;

    public static int Run(Guest guest, bool guarded)
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

            if (guarded)
            {
                Refused.With(Errno.EEXIST, () => device.CreateSession("s7"));
            }
            else
            {
                Refused.With(Errno.EEXIST, Kernel.Linux.Ioctl(device.Handle, RawIoctl.CreateSession, RawIoctl.Named("s7")));
            }
        }

        KexecImage image = KexecImage.Load(Kernel.Linux, Guest.KernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
        Guest.Flush();
        image.Reboot();
        return 1;
    }
}
