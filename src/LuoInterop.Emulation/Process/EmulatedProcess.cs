using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using LuoInterop.Kho;

namespace LuoInterop.Emulation;

/// <summary>An emulated kernel as one of its processes sees it.</summary>
/// <remarks>
/// <para>The device, sessions and files of debugfs have descriptors of the emulation's own, from 1,073,741,824 on; they mean
/// something to this object only. Memory files and all other files are descriptors of the host process: every emulated
/// process sees them, and a program may map them, or hand them to any host call. A call that does not go through this object
/// is answered by the host, which knows nothing of the emulation: it does not refuse what is refused for a preserved file
/// (<see cref="Reboot"/> reports that), and of a retrieved file it shows the old link text and inode, and under F_SEAL_EXEC the
/// old mode.</para>
/// <para>After <see cref="Reboot"/> was obeyed every member throws <see cref="EmulatedRebootException"/>, but
/// <see cref="Close"/>, <see cref="MUnmap"/> and <see cref="Exit"/>; after the process was killed they throw
/// <see cref="EmulatedKillException"/>.</para>
/// </remarks>
public sealed partial class EmulatedProcess : Kernel
{
    private readonly EmulatedKernel _system;
    private readonly FileDescriptorTable _descriptors;
    private volatile bool _hasExited;
    private volatile bool _wasKilled;

    internal EmulatedProcess(EmulatedKernel system)
    {
        _system = system;
        _descriptors = new LocalDescriptorTable(system);
    }

    /// <summary>Makes a process whose descriptors are kept elsewhere.</summary>
    internal EmulatedProcess(EmulatedKernel system, FileDescriptorTable descriptors)
    {
        _system = system;
        _descriptors = descriptors;
    }

    /// <inheritdoc/>
    public override string Description =>
        $"Linux {Release}, emulated inside this process by LuoInterop.Emulation; preserved memory does not survive a real kexec";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Differences =>
        EmulatedDifferences.Say(_system.Profile.HasGuestMemfd, _system.HugeTlb is not null);

    /// <inheritdoc/>
    public override string Release => _system.Release;

    /// <inheritdoc/>
    public override string CommandLine => _system.CommandLine;

    /// <summary>Gets whether this kernel is gone: reboot(2) was obeyed, or the machine was disposed.</summary>
    public bool HasEnded => _system.HasEnded;

    /// <summary>Gets whether this process was killed (<see cref="FaultInjection.KillProcess"/>).</summary>
    public bool WasKilled => _wasKilled;

    /// <summary>Gets what the kernel said of its huge pages while it booted; empty where none are emulated.</summary>
    public IReadOnlyList<string> HugePageMessages => _system.HugeTlb?.Pools.Log ?? [];

    /// <summary>Counts the pools of huge pages; empty where none are emulated (all but the preview <c>rfc-hugetlb</c>).</summary>
    /// <returns>The pools, in the order in which the kernel made them.</returns>
    /// <exception cref="EmulatedRebootException">This kernel is gone.</exception>
    public IReadOnlyList<HugePagePool> CountHugePages()
    {
        using (Enter())
        {
            return _system.HugeTlb?.Count() ?? [];
        }
    }

    /// <summary>Gets what all processes of this kernel share.</summary>
    internal EmulatedKernel Running => _system;

    /// <summary>Starts another process of the same kernel, with no emulated descriptor.</summary>
    /// <returns>The kernel as that process sees it.</returns>
    public EmulatedProcess StartProcess()
    {
        _system.ThrowIfEnded();
        return new EmulatedProcess(_system);
    }

    /// <summary>Ends this process: its emulated descriptors are closed, the lowest first.</summary>
    /// <remarks>
    /// An outgoing session whose last descriptor this was is gone, a retrieved one finished. Afterwards the members throw
    /// <see cref="InvalidOperationException"/>. Does nothing after reboot(2) was obeyed.
    /// </remarks>
    public void Exit()
    {
        lock (_system.Lock)
        {
            bool closes = !_system.HasEnded && !_hasExited;
            _hasExited = true;
            try
            {
                if (closes)
                {
                    _system.Kvm?.Mappings.Leave(_descriptors);
                    _descriptors.CloseAll();
                }
            }
            catch (EmulatedKernelPanicException panic)
            {
                _system.Panic(panic);
                throw;
            }
        }
    }

    /// <summary>Gives another process a descriptor, as a message over a Unix socket does (SCM_RIGHTS).</summary>
    /// <param name="receiver">A process of the same kernel.</param>
    /// <param name="file">An emulated or host descriptor of this process.</param>
    /// <returns>The receiver's descriptor for the same open file description, close-on-exec set, or <c>-errno</c>.</returns>
    /// <exception cref="ArgumentException">The receiver runs on another kernel.</exception>
    /// <exception cref="InvalidOperationException">The receiver has exited.</exception>
    public int SendDescriptor(EmulatedProcess receiver, SafeHandle file)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        if (receiver._system != _system)
        {
            throw new ArgumentException("The receiver is a process of another kernel.", nameof(receiver));
        }

        using var descriptor = new DescriptorReference(file);
        using (Enter())
        {
            if (receiver._hasExited)
            {
                throw new InvalidOperationException("The receiver has exited.");
            }

            if (!_descriptors.Owns(descriptor.Fd))
            {
                return Linux.Fcntl(file, FcntlHeader.F_DUPFD_CLOEXEC);
            }

            return _descriptors.Get(descriptor.Fd) is { } open
                ? receiver._descriptors.Duplicate(open, 0, closeOnExec: true)
                : Refused.EBADF;
        }
    }

    /// <inheritdoc/>
    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        const uint NoCma = 0x10;
        const uint ForceDtb = 0x20;
        const uint Known = KexecHeader.KEXEC_FILE_UNLOAD | KexecHeader.KEXEC_FILE_ON_CRASH | KexecHeader.KEXEC_FILE_NO_INITRAMFS
            | KexecHeader.KEXEC_FILE_DEBUG | NoCma | ForceDtb;
        bool crash = (flags & KexecHeader.KEXEC_FILE_ON_CRASH) != 0;
        using (Enter(KernelCall.KexecFileLoad, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (!_system.KexecLimits.Permit(crash))
            {
                return Refused.EPERM;
            }
        }

        if ((flags & ~Known) != 0)
        {
            return Refused.EINVAL;
        }

        LoadedKernel? image = null;
        if ((flags & KexecHeader.KEXEC_FILE_UNLOAD) == 0)
        {
            // do_kimage_alloc_init.
            if (!_system.Handover.Frames.TryAllocateSmall())
            {
                return Refused.ENOMEM;
            }

            int error = ReadImage(kernel, (flags & KexecHeader.KEXEC_FILE_NO_INITRAMFS) == 0, initrd, commandLine, out image);
            if (error != 0)
            {
                return error;
            }

            if (crash)
            {
                // No memory is set aside for a crash kernel.
                return Refused.EADDRNOTAVAIL;
            }
        }

        using (Enter())
        {
            if (!crash)
            {
                _system.Load(image);
            }

            return 0;
        }
    }

    /// <summary>Loads a kernel by kexec_load(2), as another program may do (<c>kexec -l -c</c>, <c>kexec -a</c>):
    /// it is told nothing of what is handed over.</summary>
    /// <param name="kernel">The kernel image, a host file that is open for reading.</param>
    /// <param name="commandLine">Its command line.</param>
    /// <returns>0, or <c>-errno</c>, as <see cref="KexecFileLoad"/> without an initial RAM disk.</returns>
    public int KexecLoad(SafeHandle kernel, string commandLine)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(commandLine);
        using (Enter())
        {
            if (!_system.KexecLimits.Permit(crash: false))
            {
                return Refused.EPERM;
            }
        }

        // kexec(8) reads and checks the file as the kernel would, and passes its parts.
        int error = ReadImage(kernel, wantsInitrd: false, null, commandLine, out LoadedKernel? image);
        if (error == 0)
        {
            using (Enter())
            {
                _system.LoadSegments(image!);
            }
        }

        return error;
    }

    /// <summary>Restarts the emulated machine: reboot(2).</summary>
    /// <returns><c>-errno</c> when the kernel does not obey: EINVAL without a loaded image, or what a file's freeze failed with.</returns>
    /// <exception cref="EmulatedFrozenFileException">
    /// Preserved files were changed by host calls that Linux refuses; nothing was handed over, and the kernel runs on.
    /// </exception>
    /// <exception cref="EmulatedRebootException">The kernel obeyed; <see cref="EmulatedKexecException"/> after a kexec.</exception>
    public override int Reboot(uint command)
    {
        using (Enter(KernelCall.Reboot, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            return _system.Reboot(command);
        }
    }

    // kimage_file_prepare_segments() of kernel/kexec_file.c, in its order.
    private int ReadImage(SafeHandle? kernel, bool wantsInitrd, SafeHandle? initrd, string commandLine, out LoadedKernel? image)
    {
        image = null;
        int error = OnHost(kernel, out SafeHandle? file);
        if (error != 0)
        {
            return error;
        }

        error = BzImage.Probe(file!, out KernelImageHead? found, out string release);
        if (error != 0)
        {
            return error;
        }

        SafeHandle kernelFile = file!;

        if (wantsInitrd)
        {
            error = OnHost(initrd, out file);
            error = error == 0 ? BzImage.CheckReadable(file!) : error;
            if (error != 0)
            {
                return error;
            }
        }

        int end = commandLine.IndexOf('\0', StringComparison.Ordinal);
        image = new LoadedKernel(
            release, end < 0 ? commandLine : commandLine[..end], BzImage.FindFeatures(found!, kernelFile), found!.IsCut);
        return Encoding.UTF8.GetByteCount(commandLine) + 1 > found.CommandLineSize ? Refused.EINVAL : 0;
    }

    // No emulated file can be read as an image: they are no regular files, or empty.
    private int OnHost(SafeHandle? handle, out SafeHandle? file)
    {
        file = handle;
        if (handle is null)
        {
            return Refused.EBADF;
        }

        using var descriptor = new DescriptorReference(handle);
        return descriptor.Fd < 0 ? Refused.EBADF : _descriptors.Owns(descriptor.Fd) ? Refused.EINVAL : 0;
    }
}
