using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Says what a loaded kernel may lack.</summary>
[Flags]
public enum KexecLoadOptions
{
    /// <summary>Refuses a command line that would lose every preserved file.</summary>
    None = 0,
    /// <summary>Takes a command line without <c>liveupdate=on</c>, or with <c>kho=off</c>: the next kernel holds nothing.</summary>
    WithoutLiveUpdate = 1,
}

/// <summary>Holds the kernel that kexec starts next, loaded by kexec_file_load(2).</summary>
/// <remarks>
/// <para>Only kexec_file_load passes KHO's data on; kexec_load(2) succeeds and silently loses every preserved file, so the
/// library has no way to call it. An image that another program loads afterwards replaces this one.</para>
/// <para>Files may be preserved before or after an image is loaded. Needs CAP_SYS_BOOT. Source: <c>kernel/kexec_file.c</c>,
/// <c>kernel/kexec_core.c</c>, <c>kernel/liveupdate/kexec_handover.c</c>.</para>
/// </remarks>
public sealed class KexecImage
{
    private static readonly string[] LoadedPaths = ["/sys/kernel/kexec/loaded", "/sys/kernel/kexec_loaded"];

    private KexecImage(Kernel kernel, string kernelPath, string? initrdPath, string commandLine)
    {
        Kernel = kernel;
        KernelPath = kernelPath;
        InitrdPath = initrdPath;
        CommandLine = commandLine;
    }

    /// <summary>Gets the kernel that runs now.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets the file that the next kernel was read from.</summary>
    public string KernelPath { get; }

    /// <summary>Gets the file that the initial RAM disk was read from, or null.</summary>
    public string? InitrdPath { get; }

    /// <summary>Gets the next kernel's command line.</summary>
    public string CommandLine { get; }

    /// <summary>Loads a kernel: kexec_file_load(2). The files are read during the call.</summary>
    /// <param name="kernel">The kernel that runs now.</param>
    /// <param name="kernelPath">The kernel image, a bzImage on x86-64.</param>
    /// <param name="initrdPath">The initial RAM disk, or null for none.</param>
    /// <param name="commandLine">The next kernel's command line. It must have <c>liveupdate=on</c>, and where KHO is not that kernel's default (CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT) <c>kho=on</c>, which cannot be checked here.</param>
    /// <param name="options">What to let pass.</param>
    /// <exception cref="ArgumentException">The command line would lose every preserved file.</exception>
    /// <exception cref="LiveUpdateException">ENOENT, EACCES: a file cannot be read; ENOEXEC: not a kernel image; EPERM: no CAP_SYS_BOOT; EBUSY: another kexec operation runs; EADDRNOTAVAIL: no room in scratch memory. An image loaded before stays.</exception>
    public static KexecImage Load(
        Kernel kernel,
        string kernelPath,
        string? initrdPath,
        string commandLine,
        KexecLoadOptions options = KexecLoadOptions.None)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentException.ThrowIfNullOrEmpty(kernelPath);
        ArgumentNullException.ThrowIfNull(commandLine);
        if (commandLine.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A kernel command line cannot contain a NUL.", nameof(commandLine));
        }

        if ((options & KexecLoadOptions.WithoutLiveUpdate) == 0)
        {
            CheckCarriesSessions(kernel, commandLine);
        }

        using KernelHandle image = OpenFile(kernel, kernelPath);
        using KernelHandle? initrd = initrdPath is null ? null : OpenFile(kernel, initrdPath);
        uint flags = initrd is null ? KexecHeader.KEXEC_FILE_NO_INITRAMFS : 0;
        int result = kernel.KexecFileLoad(image, initrd, commandLine, flags);
        return result >= 0
            ? new KexecImage(kernel, kernelPath, initrdPath, commandLine)
            : throw new LiveUpdateException(
                (Errno)(-result),
                Operation.KexecFileLoad,
                $"{Refusal.Explain(Operation.KexecFileLoad, (Errno)(-result))} The image is {kernelPath}.");
    }

    /// <summary>Tells whether any image is loaded, by whatever call; null where the kernel does not show it.</summary>
    public static bool? IsLoaded(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        foreach (string path in LoadedPaths)
        {
            int fd = KernelFile.Open(kernel, path);
            if (fd >= 0)
            {
                using var file = new KernelHandle(kernel, fd);
                Span<byte> text = stackalloc byte[1];
                return kernel.Read(file, text) == 1 ? text[0] == (byte)'1' : null;
            }
        }

        return null;
    }

    /// <summary>Unloads the image that is loaded, so that a kexec is refused.</summary>
    /// <exception cref="LiveUpdateException">EPERM: no CAP_SYS_BOOT; EBUSY: another kexec operation runs.</exception>
    public static void Unload(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        int result = kernel.KexecFileLoad(null, null, "", KexecHeader.KEXEC_FILE_UNLOAD);
        if (result < 0)
        {
            throw LiveUpdateException.For(result, Operation.KexecFileLoad);
        }
    }

    /// <summary>Starts the loaded kernel at once: reboot(2) with LINUX_REBOOT_CMD_KEXEC. Returns only by an exception.</summary>
    /// <exception cref="LiveUpdateException">
    /// EINVAL: no image is loaded; EBUSY: another kexec operation runs; EPERM: no CAP_SYS_BOOT; any other: a preserved file's
    /// handler could not freeze. The system runs on, the sessions are as before, and the call can be retried.
    /// </exception>
    /// <remarks>
    /// No process is asked to end and no file system is written back: sync what must reach a disk before. Every session that
    /// is to be carried must be open in a running process. Sessions that came from the previous kernel are not carried again.
    /// Before the call a session of a unique name is created and closed where the device can be had: it removes the empty
    /// block that a failed create of any process may have left, which would panic the next kernel (Linux 7.2, 7.3).
    /// </remarks>
    public void Reboot() => Reboot(KexecRebootOptions.None);

    /// <summary>Starts the loaded kernel as <see cref="Reboot()"/> does, and lets pass what the caller names.</summary>
    /// <param name="options">What to let pass.</param>
    /// <exception cref="LiveUpdateException">As <see cref="Reboot()"/>.</exception>
    public void Reboot(KexecRebootOptions options)
    {
        lock (Kernel.SessionCreation)
        {
            RemoveEmptySessionBlock();
            int result = Kernel.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC);
            throw LiveUpdateException.For(result, Operation.Reboot);
        }
    }

    /// <summary>Removes the empty block that a failed create of any process may have left (see <see cref="LiveUpdateDevice.CreateSession(string)"/>).</summary>
    /// <remarks>Where only others can have left one, a device that cannot be had is no reason to refuse the reboot.</remarks>
    private void RemoveEmptySessionBlock()
    {
        // The device that this process opened last may still be open, and nobody else can open it then.
        LiveUpdateDevice? open = null;
        if (Kernel.LastDevice?.TryGetTarget(out open) != true || open!.Handle.IsClosed)
        {
            open = null;
        }

        LiveUpdateDevice? opened = null;
        int error = open is null ? LiveUpdateDevice.TryOpen(Kernel, Kernel.LastDevicePath, out opened) : 0;
        if (error < 0)
        {
            if (Kernel.EmptySessionBlock)
            {
                // Diagnosed here only, which takes a while: nobody else's block is a reason to wait.
                throw StillThere((Errno)(-error), AvailabilityDiagnosis.Explain(Kernel, Kernel.LastDevicePath, (Errno)(-error)).ToString());
            }

            return;
        }

        using (opened)
        {
            int result = (open ?? opened!).RemoveEmptySessionBlock();
            if (result < 0 && Kernel.EmptySessionBlock)
            {
                throw StillThere((Errno)(-result), "Creating a session to remove it failed; free descriptors or memory and retry.");
            }
        }
    }

    private static LiveUpdateException StillThere(Errno errno, string why) => new(
        errno,
        Operation.Reboot,
        $"a session could not be created because its name was taken, which may have left an empty block that panics the next kernel (Linux 7.2, 7.3). Nothing was lost. {why}");

    private static void CheckCarriesSessions(Kernel kernel, string commandLine)
    {
        string[] words = [.. KernelParameter.Words(commandLine)];
        if (KernelParameter.Switch(words, "liveupdate") != true)
        {
            throw new ArgumentException(
                "The command line has no liveupdate=on: the next kernel would have no /dev/liveupdate, and every preserved file would be lost. Add liveupdate=on, or pass KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }

        if (KernelParameter.Switch(words, "kho") == false)
        {
            throw new ArgumentException(
                "The command line switches KHO off (kho=off): every preserved file would be lost. Remove it, or pass KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }

        // Whether KHO is on by default is the next kernel's configuration, which cannot be asked. Who switched it on here
        // most likely has to there.
        if (KernelParameter.Switch(words, "kho") is null && KernelParameter.Switch(KernelParameter.Words(kernel.CommandLine), "kho") == true)
        {
            throw new ArgumentException(
                "The running kernel was booted with kho=on, and the command line does not say kho=on: where it is not the next kernel's default, every preserved file would be lost. Add kho=on, or pass KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }
    }

    private static KernelHandle OpenFile(Kernel kernel, string path)
    {
        int fd = KernelFile.Open(kernel, path);
        return fd >= 0
            ? new KernelHandle(kernel, fd)
            : throw new LiveUpdateException((Errno)(-fd), Operation.OpenFile, $"{path}: {Refusal.Explain(Operation.OpenFile, (Errno)(-fd))}");
    }
}
