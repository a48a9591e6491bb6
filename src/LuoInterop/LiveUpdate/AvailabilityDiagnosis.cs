using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Finds out why the device cannot be opened, from what the kernel shows of its configuration.</summary>
internal static class AvailabilityDiagnosis
{
    public static LiveUpdateAvailability Explain(Kernel kernel, string path, Errno errno) => errno switch
    {
        Errno.EBUSY => new(
            LiveUpdateUnavailableReason.Busy,
            errno,
            $"{path} is in use; the kernel lets only one process open it at a time.",
            "Wait until it is closed, or ask its owner for a session descriptor."),
        Errno.EACCES or Errno.EPERM => new(
            LiveUpdateUnavailableReason.NoPermission,
            errno,
            $"This process may not open {path}.",
            "Run as root, or let an administrator give you access to the device node (its default is mode 0600, root)."),
        Errno.EIO => new(
            LiveUpdateUnavailableReason.IncomingStateUnreadable,
            errno,
            $"The kernel could not read the sessions that the previous kernel handed over, and {path} stays closed until the next boot.",
            "See the kernel log for the reason (a file handler that this kernel lacks, or damaged records). The preserved memory is "
                + "lost to user space; reboot to free it."),
        Errno.ENOENT or Errno.ENXIO or Errno.ENODEV => Missing(kernel, path, errno),
        _ => new(
            LiveUpdateUnavailableReason.Other,
            errno,
            $"{path} could not be opened: {Refusal.Explain(Operation.OpenDevice, errno)}",
            "Check that the path names the live update device."),
    };

    private static LiveUpdateAvailability Missing(Kernel kernel, string path, Errno errno)
    {
        IReadOnlyList<KernelParameter> parameters = KernelParameter.Read(kernel.CommandLine);
        bool? config = ConfigurationFiles.RunningKernelHas(kernel, "CONFIG_LIVEUPDATE");
        if (config == false)
        {
            return new(
                LiveUpdateUnavailableReason.NotBuilt,
                errno,
                $"{path} does not exist: this kernel ({kernel.Release}) was built without CONFIG_LIVEUPDATE.",
                "Use a kernel of 6.19 or later built with CONFIG_KEXEC_HANDOVER=y and CONFIG_LIVEUPDATE=y, or run on the emulated kernel.");
        }

        if (KernelParameter.Switch(parameters, "kho") == false)
        {
            return new(
                LiveUpdateUnavailableReason.KhoOff,
                errno,
                $"{path} does not exist: KHO is switched off on the kernel's command line (kho=off).",
                "Boot with kho=on liveupdate=on.");
        }

        if (config == true && KernelParameter.Switch(parameters, "liveupdate") != true)
        {
            return new(
                LiveUpdateUnavailableReason.LiveUpdateOff,
                errno,
                $"{path} does not exist: the kernel was booted without liveupdate=on.",
                "Add kho=on liveupdate=on to the kernel's command line and boot again.");
        }

        if (config == true)
        {
            return new(
                LiveUpdateUnavailableReason.KhoOff,
                errno,
                $"{path} does not exist although liveupdate=on was given: KHO is off (kho=on is missing where it is not the default, "
                    + "or its scratch memory could not be reserved), or the node was not made. What the previous kernel handed over "
                    + "is lost to user space in this boot.",
                "Boot with kho=on, look for 'KHO' in the kernel log, and see that devtmpfs is mounted on /dev.");
        }

        return new(
            LiveUpdateUnavailableReason.NoDevice,
            errno,
            $"{path} does not exist, and this kernel ({kernel.Release}) does not show how it was built.",
            "Live update needs Linux 6.19 or later with CONFIG_LIVEUPDATE=y, booted with kho=on liveupdate=on; or run on the emulated "
                + "kernel.");
    }
}
