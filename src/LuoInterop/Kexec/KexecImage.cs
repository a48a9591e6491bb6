using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Says what a loaded kernel may lack.</summary>
[Flags]
public enum KexecLoadOptions
{
    /// <summary>Refuses a command line that would lose every preserved file.</summary>
    None = 0,
    /// <summary>Takes a command line without <c>liveupdate=on</c>, or with <c>kho=off</c>, and a kernel that carries nothing: the next
    /// kernel holds nothing. A kernel that would panic is refused all the same.</summary>
    WithoutLiveUpdate = 1,
    /// <summary>Takes a kernel image that is predicted to lose what is handed over, or to panic over it.</summary>
    DespitePredictedLoss = 2,
}

/// <summary>Holds the kernel that kexec starts next, loaded by kexec_file_load(2).</summary>
/// <remarks>
/// <para>Only kexec_file_load passes KHO's data on; kexec_load(2) succeeds and silently loses every preserved file, so the
/// library has no way to call it. An image that another program loads afterwards replaces this one; <see cref="Reboot()"/>
/// notices and refuses.</para>
/// <para>To notice, <see cref="Load(Kernel, string, string?, string, KexecLoadOptions)"/> sets the sysctl
/// kernel.kexec_load_limit_reboot (since Linux 6.3) to its highest value, 2,147,483,647, where no limit is set: the kernel
/// lowers it at every load and unload. That many loads are left until the next boot. A limit that an administrator has set
/// stays as it is.</para>
/// <para>Files may be preserved before or after an image is loaded. Needs CAP_SYS_BOOT. Source: <c>kernel/kexec_file.c</c>,
/// <c>kernel/kexec_core.c</c>, <c>kernel/liveupdate/kexec_handover.c</c>.</para>
/// </remarks>
public sealed class KexecImage
{
    private static readonly string[] LoadedPaths = ["/sys/kernel/kexec/loaded", "/sys/kernel/kexec_loaded"];

    /// <summary>How many loads were left after this one; null where they are not counted.</summary>
    private readonly int? _loadsLeft;

    private KexecImage(Kernel kernel, string? kernelPath, IReadOnlyList<string> initrdPaths, string? commandLine, int? loadsLeft)
    {
        Kernel = kernel;
        KernelPath = kernelPath;
        InitrdPaths = initrdPaths;
        CommandLine = commandLine;
        _loadsLeft = loadsLeft;
    }

    /// <summary>Gets the kernel that runs now.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets whether another program loaded the image, so that nothing is known of it; see <see cref="TakeLoaded"/>.</summary>
    [MemberNotNullWhen(false, nameof(KernelPath), nameof(CommandLine))]
    public bool IsLoadedElsewhere => KernelPath is null;

    /// <summary>Gets the file that the next kernel was read from; null where another program loaded it.</summary>
    public string? KernelPath { get; }

    /// <summary>Gets the files that the initial RAM disk was read from, in their order; empty for none.</summary>
    public IReadOnlyList<string> InitrdPaths { get; }

    /// <summary>Gets the next kernel's command line; null where another program loaded it.</summary>
    public string? CommandLine { get; }

    /// <summary>Gets whether another program, or another call of this one, loaded, unloaded or tried to since; null where the
    /// kernel does not tell.</summary>
    /// <remarks>
    /// It is told by the sysctl kernel.kexec_load_limit_reboot, which must be writable once, during the load: in a container with a
    /// read-only /proc/sys and no limit set, or on a kernel without sysctl files, it is null. True also where somebody lowered the
    /// limit by hand.
    /// </remarks>
    public bool? IsReplaced => _loadsLeft is { } left && KexecLoadLimit.Read(Kernel) is { } now ? now != left : null;

    /// <summary>Loads a kernel: kexec_file_load(2). The files are read during the call.</summary>
    /// <param name="kernel">The kernel that runs now.</param>
    /// <param name="kernelPath">The kernel image, a bzImage on x86-64.</param>
    /// <param name="initrdPath">The initial RAM disk, or null for none.</param>
    /// <param name="commandLine">The next kernel's command line. It must have <c>liveupdate=on</c>, and where KHO is not that
    /// kernel's default (CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT) <c>kho=on</c>, which cannot be checked here.</param>
    /// <param name="options">What to let pass.</param>
    /// <exception cref="ArgumentException">The command line would lose every preserved file, or the image was built without what
    /// carries them.</exception>
    /// <exception cref="PredictedLossException">The next kernel would drop what is handed over, or panic over it.</exception>
    /// <exception cref="KernelException">
    /// ENOENT, EACCES: a file cannot be read; ENOEXEC: not a kernel image, or one whose end is missing; EPERM: no CAP_SYS_BOOT, or loads
    /// are forbidden; EBUSY: another kexec operation runs; EADDRNOTAVAIL: no room in scratch memory; ENODATA, ENOKEY,
    /// EKEYREJECTED, EKEYEXPIRED,
    /// ENOPKG, EBADMSG, ELIBBAD: its signature. An image loaded before stays.
    /// </exception>
    /// <remarks>
    /// <para>What the image was built with is read from the configuration beside it (<c>config-RELEASE</c>, <c>config</c>,
    /// <c>../usr/lib/modules/RELEASE/config</c>), else from inside. What it takes is read from inside, and compared with what this
    /// kernel shows of what it hands over (debugfs, as root) by <see cref="NextKernel.Predict"/>. Where that is not known, it
    /// passes.</para>
    /// <para>For this the image is unpacked once, where this kernel shows what it hands over, or no configuration lies beside the image.
    /// That costs time in proportion to its size, and no more memory than the unpacker's window: see the table in
    /// <c>docs/next-kernel.md</c>. Load before the pause; with both options set nothing is unpacked.</para>
    /// </remarks>
    [OverloadResolutionPriority(1)]
    public static KexecImage Load(
        Kernel kernel,
        string kernelPath,
        string? initrdPath,
        string commandLine,
        KexecLoadOptions options = KexecLoadOptions.None) =>
        Load(kernel, kernelPath, initrdPath is null ? [] : (IReadOnlyList<string>)[initrdPath], commandLine, options);

    /// <summary>Loads a kernel with several initial RAM disks, as one for microcode and the initramfs: kexec_file_load(2).</summary>
    /// <param name="kernel">The kernel that runs now.</param>
    /// <param name="kernelPath">The kernel image, a bzImage on x86-64.</param>
    /// <param name="initrdPaths">The initial RAM disks in the order in which the next kernel unpacks them; empty for none.
    /// Microcode comes first.</param>
    /// <param name="commandLine">The next kernel's command line, as for the other overload.</param>
    /// <param name="options">What to let pass.</param>
    /// <exception cref="ArgumentException">As the other overload.</exception>
    /// <exception cref="KernelException">As the other overload; ENOMEM, ENOSPC, EACCES: no memory file can be made.</exception>
    /// <remarks>
    /// The kernel takes one file: more than one are put together in a sealed memfd, each at a multiple of four bytes. It needs /proc and as
    /// much memory as the files have, for the time of the call. A policy of IMA that wants signed RAM disks refuses it (EACCES).
    /// </remarks>
    public static KexecImage Load(
        Kernel kernel,
        string kernelPath,
        IReadOnlyList<string> initrdPaths,
        string commandLine,
        KexecLoadOptions options = KexecLoadOptions.None)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentException.ThrowIfNullOrEmpty(kernelPath);
        ArgumentNullException.ThrowIfNull(initrdPaths);
        ArgumentNullException.ThrowIfNull(commandLine);
        if (commandLine.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A kernel command line cannot contain a NUL.", nameof(commandLine));
        }

        bool mustCarry = (options & KexecLoadOptions.WithoutLiveUpdate) == 0;
        if (mustCarry)
        {
            CommandLineGuard.Check(kernel, commandLine);
        }

        initrdPaths = [.. initrdPaths];
        using KernelHandle file = InitrdFile.OpenFile(kernel, kernelPath);
        if (KernelImageHead.TryRead(kernel, file, out KernelImageHead? image) == 0)
        {
            CheckIsWhole(image!, kernelPath);

            // What the kernel refuses it explains itself.
            if (image!.ExplainRefusal() is null)
            {
                CheckCarries(kernel, image, file, kernelPath, commandLine, options);
            }
        }

        using KernelHandle? initrd = InitrdFile.Open(kernel, initrdPaths);
        uint flags = initrd is null ? KexecHeader.KEXEC_FILE_NO_INITRAMFS : 0;

        // Read before the load: one of somebody else's in between only makes this image count as replaced.
        int? loadsLeft = KexecLoadLimit.Start(kernel);
        int result = Uninterrupted.KexecFileLoad(kernel, file, initrd, commandLine, flags, out int calls);
        loadsLeft -= calls;
        return result >= 0
            ? new KexecImage(kernel, kernelPath, initrdPaths, commandLine, loadsLeft)
            : throw new KernelException(
                (Errno)(-result),
                Operation.KexecFileLoad,
                $"{Refusal.Explain(Operation.KexecFileLoad, (Errno)(-result))} The image is "
                    + $"{kernelPath}.{ExplainRefusal(result, image, initrd, loadsLeft)}");
    }

    /// <summary>Takes the image that is loaded already, by another program such as an init script. Loads nothing.</summary>
    /// <param name="kernel">The kernel that runs now.</param>
    /// <returns>The image. From now on <see cref="IsReplaced"/> tells when it is no longer the one that is loaded.</returns>
    /// <exception cref="KernelException">EINVAL: no image is loaded.</exception>
    /// <remarks>
    /// The kernel does not tell what is loaded, nor whether that was done by kexec_file_load(2) with KHO's data, or by
    /// kexec_load(2) (<c>kexec -a</c>,
    /// <c>kexec -c</c>), which loses every preserved file. So <see cref="Reboot(KexecRebootOptions)"/> refuses the image unless it is told
    /// <see cref="KexecRebootOptions.LoadedElsewhere"/>. Where it can be, load the image again by
    /// <see cref="Load(Kernel, string, string?, string, KexecLoadOptions)"/>.
    /// </remarks>
    public static KexecImage TakeLoaded(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        int? loadsLeft = KexecLoadLimit.Start(kernel);
        return IsLoaded(kernel) == false
            ? throw new KernelException(Errno.EINVAL, Operation.KexecFileLoad, "no kernel image is loaded. Load one.")
            : new KexecImage(kernel, null, [], null, loadsLeft);
    }

    /// <summary>Tells whether any image is loaded, by whatever call; null where the kernel does not show it.</summary>
    public static bool? IsLoaded(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        foreach (string path in LoadedPaths)
        {
            using var file = new KernelHandle(kernel);
            if (file.Take(KernelFile.Open(kernel, path)) >= 0)
            {
                Span<byte> text = stackalloc byte[1];
                return Uninterrupted.Read(kernel, file, text) == 1 ? text[0] == (byte)'1' : null;
            }
        }

        return null;
    }

    /// <summary>Unloads the image that is loaded, so that a kexec is refused.</summary>
    /// <exception cref="KernelException">EPERM: no CAP_SYS_BOOT; EBUSY: another kexec operation runs.</exception>
    public static void Unload(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        int result = Uninterrupted.KexecFileLoad(kernel, null, null, "", KexecHeader.KEXEC_FILE_UNLOAD, out _);
        if (result < 0)
        {
            throw KernelException.For(result, Operation.KexecFileLoad);
        }
    }

    /// <summary>Starts the loaded kernel at once: reboot(2) with LINUX_REBOOT_CMD_KEXEC. Returns only by an exception.</summary>
    /// <exception cref="KernelException">
    /// EINVAL: no image is loaded; ESTALE: another one may be loaded than was checked (<see cref="IsReplaced"/>), or another
    /// program loaded it (<see cref="IsLoadedElsewhere"/>), load again; EBUSY: another
    /// process holds the device, or another kexec operation runs; EPERM: no CAP_SYS_BOOT; EMFILE, ENFILE, ENOMEM, EACCES: the device or a
    /// session could not be had; any other: a preserved file's handler could not freeze. The system runs on, the sessions are as
    /// before, and
    /// the call can be retried.
    /// </exception>
    /// <remarks>
    /// <para>No process is asked to end and no file system is written back: sync what must reach a disk before. Every session that
    /// is to be carried must be open in a running process. Sessions that came from the previous kernel are not carried again.</para>
    /// <para>Before the call a session of a unique name is created and closed: that removes the empty block that a failed create of
    /// any process may have left, which would panic the next kernel (Linux 7.2, 7.3). The device stays open until the jump, so that
    /// nobody leaves another. Nothing can be seen of a descriptor of the device that was passed to another process, or that a thread
    /// of this one uses past the library: neither may create sessions meanwhile.</para>
    /// <para>Creates and reboots of one machine wait for each other, through whatever <see cref="LuoInterop.Kernel"/> object they
    /// are made.</para>
    /// <para>Between the last look at what is loaded and the jump lie microseconds, in which another program can still replace it.
    /// Where the
    /// kernel does not tell (<see cref="IsReplaced"/> is null) the jump goes into whatever is loaded.</para>
    /// </remarks>
    public void Reboot() => Reboot(KexecRebootOptions.None);

    /// <summary>Starts the loaded kernel as <see cref="Reboot()"/> does, and lets pass what the caller names.</summary>
    /// <param name="options">What to let pass.</param>
    /// <exception cref="KernelException">As <see cref="Reboot()"/>.</exception>
    public void Reboot(KexecRebootOptions options)
    {
        OutgoingSessions sessions = OutgoingSessions.Of(Kernel);
        lock (sessions.Lock)
        {
            // Open until the jump: nobody else can create a session in between.
            using DeviceHandle? device = sessions.HoldForReboot(Kernel, options);
            if (IsLoadedElsewhere && (options & KexecRebootOptions.LoadedElsewhere) == 0)
            {
                throw new KernelException(
                    Errno.ESTALE,
                    Operation.Reboot,
                    "another program loaded the image, and if it did so by kexec_load (kexec -a, kexec -c), the jump loses every "
                        + "preserved file. "
                    + "The system runs on and nothing was lost: load it again by KexecImage.Load, or pass "
                        + "KexecRebootOptions.LoadedElsewhere if it was kexec_file_load (kexec -s).");
            }

            if ((options & KexecRebootOptions.ReplacedImage) == 0)
            {
                CheckIsLoaded();
            }

            int result = Kernel.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC);
            throw KernelException.For(result, Operation.Reboot);
        }
    }

    /// <summary>Refuses a jump into nothing, or into what another program loaded.</summary>
    private void CheckIsLoaded()
    {
        if (IsLoaded(Kernel) == false)
        {
            throw new KernelException(
                Errno.EINVAL, Operation.Reboot, "no kernel image is loaded any more; another program unloaded it. The system runs on "
                    + "and nothing was lost: load again.");
        }

        if (IsReplaced == true)
        {
            throw new KernelException(
                Errno.ESTALE,
                Operation.Reboot,
                "another program loaded or unloaded a kernel image since this one was loaded, and what it loaded by kexec_load (kexec "
                    + "-a, kexec -c) would lose every preserved file. "
                + "The system runs on and nothing was lost: load again, or pass KexecRebootOptions.ReplacedImage if that jump is meant.");
        }
    }

    private static void CheckIsWhole(KernelImageHead image, string path)
    {
        if (image.IsCut)
        {
            throw new KernelException(
                Errno.ENOEXEC,
                Operation.KexecFileLoad,
                $"the end of the image is missing: its header promises {image.PromisedLength} bytes, the file {path} has "
                    + $"{image.Length}. The kernel would load it and start nothing. Copy it again.");
        }
    }

    private static void CheckCarries(
        Kernel kernel, KernelImageHead head, SafeHandle file, string kernelPath, string commandLine, KexecLoadOptions options)
    {
        bool mustCarry = (options & KexecLoadOptions.WithoutLiveUpdate) == 0;
        HandedOver? live = (options & KexecLoadOptions.DespitePredictedLoss) == 0 ? LiveHandover.Read(kernel) : null;

        // The image is unpacked only for what it alone can tell: its formats where those of this kernel are known (without live update a
        // panic is all that is refused, and that is LUO's), and its configuration where none lies beside it.
        bool isCompared = live is { IsNothing: false } && (live.Luo is { Count: > 0 } || (mustCarry && live.Kho is not null));
        if (!mustCarry && !isCompared)
        {
            return;
        }

        KernelConfiguration? beside = ConfigurationFiles.Beside(kernel, head, kernelPath);
        KernelImage? next = isCompared || beside is null ? ImageFile.TryRead(kernel, file, head, beside) : null;
        if (mustCarry)
        {
            CheckWasBuiltToCarry(beside is null ? KernelFeatures.Of(next) : KernelFeatures.Of(beside), kernelPath, commandLine);
        }

        if (next is null || live is null)
        {
            return;
        }

        NextKernelPrediction prediction = NextKernel.Predict(live, next, commandLine);
        if (prediction.HasLoss && (mustCarry || prediction.Worst == Consequence.PanicAtBoot))
        {
            throw new PredictedLossException(kernelPath, prediction);
        }
    }

    private static void CheckWasBuiltToCarry(KernelFeatures features, string kernelPath, string commandLine)
    {
        if (features.ExplainLoss() is { } loss)
        {
            throw new ArgumentException(
                $"The kernel {kernelPath} {loss}, says {features.Source}: every preserved memory file would be lost. Load another "
                    + "kernel, or pass KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(kernelPath));
        }

        if (features.HandoverDefault == false && KernelParameter.Switch(KernelParameter.Read(commandLine), "kho") is null)
        {
            throw new ArgumentException(
                $"KHO is off in the kernel {kernelPath} unless the command line says kho=on (CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is "
                    + $"not set, says {features.Source}): every preserved file would be lost. Add kho=on, or pass "
                    + "KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }
    }

    /// <summary>Says what more is known of a refusal, with a space before it.</summary>
    private static string ExplainRefusal(int result, KernelImageHead? image, KernelHandle? initrd, int? loadsLeft)
    {
        string? more = (Errno)(-result) switch
        {
            Errno.EPERM when loadsLeft < 0 => $"The limit of loads is used up ({KexecLoadLimit.Path} is 0); only a reboot brings it back.",

            // x86 answers ENOEXEC to what is no image of its own, arm64 EINVAL.
            Errno.ENOEXEC or Errno.EINVAL => image?.ExplainRefusal()
                ?? (initrd is not null && image is not null && image.IsEmpty(initrd) ? "The initial RAM disk is empty." : null),
            _ => null,
        };
        return more is null ? "" : " " + more;
    }
}
