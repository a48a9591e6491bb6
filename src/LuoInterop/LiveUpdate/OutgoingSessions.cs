using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.KernelImages;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop;

/// <summary>Keeps this process from a kexec whose next kernel panics on an empty block of sessions (Linux 7.2, 7.3).</summary>
/// <remarks>
/// <para>There is one for a process of a machine; every <see cref="Kernel"/> that stands for that shares it.</para>
/// <para>The kernel keeps its outgoing sessions in blocks of 51. It links the next block before it looks for a session of the same
/// name, and leaves it linked when there is one (luo_session_insert), so that a create which fails with EEXIST while 51*n sessions are
/// open leaves an empty block, and the next kernel panics on it (kho_block_set_restore). Every create that succeeds fills that
/// block, and every close of a session removes it (kho_block_set_shrink). So whoever creates and closes a session has no empty
/// block, as long as nobody else can create one: who has the device open is the only one who can.</para>
/// </remarks>
internal sealed class OutgoingSessions
{
    private static readonly ConditionalWeakTable<Kernel, OutgoingSessions> s_all = [];

    /// <summary>The number of the descriptor of the device that this process has open, or -1. It is closed under the lock only.</summary>
    private int _device = -1;

    /// <summary>Where the device was opened last, or null before that.</summary>
    private string? _path;

    /// <summary>Gets what this process knows of the outgoing sessions of a kernel's machine.</summary>
    public static OutgoingSessions Of(Kernel kernel) => s_all.GetValue(kernel.Innermost, static _ => new OutgoingSessions());

    /// <summary>Guards everything here; held by creates, by opening and closing the device, and from the settling to the jump.</summary>
    public Lock Lock { get; } = new();

    /// <summary>Gets whether this process may have left an empty block, after a create that failed with EEXIST.</summary>
    public bool MayHaveEmptyBlock { get; private set; }

    /// <summary>Opens the device into a handle: 0 or <c>-errno</c>.</summary>
    public int OpenDevice(Kernel kernel, string path, DeviceHandle device)
    {
        lock (Lock)
        {
            int fd = device.Take(Uninterrupted.Open(kernel, path, LibC.O_RDWR | LibC.O_CLOEXEC));
            if (fd >= 0)
            {
                _device = fd;
                _path = path;
            }

            return Math.Min(fd, 0);
        }
    }

    /// <summary>Closes the device's descriptor.</summary>
    public int CloseDevice(Kernel kernel, int fd)
    {
        // Handles are released on any thread: an interruption must not keep the device open.
        bool interrupted = Enter();
        try
        {
            _device = _device == fd ? -1 : _device;
            return kernel.Close(fd);
        }
        finally
        {
            Lock.Exit();
            if (interrupted)
            {
                Thread.CurrentThread.Interrupt();
            }
        }
    }

    /// <summary>Creates a session: CREATE_SESSION. To be called under the lock.</summary>
    public int Create(Kernel kernel, SafeHandle device, ref liveupdate_ioctl_create_session argument)
    {
        argument.size = (uint)Unsafe.SizeOf<liveupdate_ioctl_create_session>();
        argument.fd = -1;
        int result = kernel.Ioctl(device, LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION, Bytes.Of(ref argument));
        MayHaveEmptyBlock = result < 0 && (MayHaveEmptyBlock || result == -(int)Errno.EEXIST);
        return result;
    }

    /// <summary>Creates and closes a session of a unique name, after which there is no empty block. To be called under the lock.</summary>
    public int Settle(Kernel kernel, SafeHandle device)
    {
        liveupdate_ioctl_create_session argument = default;
        SessionName.Encode($"luointerop-settle-{Guid.NewGuid():N}", argument.name);
        int result = Create(kernel, device, ref argument);
        return result < 0 ? result : kernel.Close(argument.fd);
    }

    /// <summary>Removes an empty block that any process may have left, and keeps the device, so that nobody leaves another. To be
    /// called under the lock.</summary>
    /// <returns>The device, to be closed when the kernel did not jump; null where this process has it open anyway, or it cannot be
    /// had and need not.</returns>
    /// <exception cref="KernelException">It cannot be excluded that the next kernel would panic.</exception>
    public DeviceHandle? HoldForReboot(Kernel kernel, KexecRebootOptions options)
    {
        string path = _path ?? LiveUpdateDevice.DefaultPath;
        if (_device >= 0)
        {
            using var open = new SafeFileHandle(_device, ownsHandle: false);
            int settled = Settle(kernel, open);
            if (settled != -(int)Errno.ENOTTY)
            {
                CheckSettled(kernel, settled);
                return null;
            }

            // Something else was opened as the device.
            path = LiveUpdateDevice.DefaultPath;
        }

        var device = new DeviceHandle(kernel);
        try
        {
            int error = OpenDevice(kernel, path, device);
            if (error == 0)
            {
                CheckSettled(kernel, Settle(kernel, device));
                return device;
            }

            if (!IsHarmless(kernel, (Errno)(-error)) && (MayHaveEmptyBlock || (options & KexecRebootOptions.DeviceHeldElsewhere) == 0))
            {
                throw NotHeld(kernel, path, (Errno)(-error));
            }

            return null;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Tells whether a refusal to open the device means that no process can have created a session.</summary>
    private bool IsHarmless(Kernel kernel, Errno errno) => errno switch
    {
        // Said of every open of this boot (luo_open), so nobody ever had the device.
        Errno.EIO => !MayHaveEmptyBlock,
        Errno.ENOENT or Errno.ENXIO or Errno.ENODEV => _path is null && !IsHiddenFromHere(kernel),
        _ => false,
    };

    /// <summary>Tells whether the kernel has the device although this process has no node of it, as in a chroot.</summary>
    private static bool IsHiddenFromHere(Kernel kernel)
    {
        // The command line first: an emulated kernel shows the host's sysfs.
        if (KernelParameter.Switch(KernelParameter.Read(kernel.CommandLine), "liveupdate") != true)
        {
            return false;
        }

        using var file = new KernelHandle(kernel);
        return file.Take(KernelFile.Open(kernel, "/sys/class/misc/liveupdate/dev")) >= 0;
    }

    private void CheckSettled(Kernel kernel, int result)
    {
        switch ((Errno)(-Math.Min(result, 0)))
        {
            case Errno.None:
            // Every block that the kernel can have is full (KHO_MAX_BLOCKS).
            case Errno.ENOSPC:
            // Before Linux 7.2 there are no blocks, and 819 sessions are ENOMEM.
            case Errno.ENOMEM when !MayHaveEmptyBlock && HasNoBlocks(kernel.Release):
                return;
            default:
                throw Refuse(
                    (Errno)(-result),
                    "Creating a session, which would remove an empty block of sessions that any process may have left, failed. Free "
                        + "descriptors or memory and retry.");
        }
    }

    private static bool HasNoBlocks(string release)
    {
        string[] numbers = release.Split('.', '-');
        return numbers.Length >= 2 && int.TryParse(numbers[0], out int major) && int.TryParse(numbers[1], out int minor)
            && (major, minor).CompareTo((7, 2)) < 0;
    }

    private KernelException NotHeld(Kernel kernel, string path, Errno errno)
    {
        string holders = errno == Errno.EBUSY ? kernel.DescribeHolders(path) ?? "somebody" : "";
        string why = errno == Errno.EBUSY
            ? $"{path} is held open by {holders}. Retry when it is closed"
            : $"{AvailabilityDiagnosis.Explain(kernel, path, errno)} Retry where the device can be opened";
        string option = MayHaveEmptyBlock
            ? "a create of this process, whose name was taken, may have left one"
            : $"or pass {nameof(KexecRebootOptions)}.{nameof(KexecRebootOptions.DeviceHeldElsewhere)} if nobody creates sessions meanwhile";
        return Refuse(errno, $"{why}; {option}.");
    }

    private static KernelException Refuse(Errno errno, string why) => new(
        errno,
        Operation.Reboot,
        $"the jump was not made: a create whose name is taken leaves an empty block of sessions that panics the next kernel (Linux "
            + $"7.2, 7.3), and it cannot be excluded that there is one. Nothing was lost, the sessions are as before. {why}");

    private bool Enter()
    {
        bool interrupted = false;
        while (true)
        {
            try
            {
                Lock.Enter();
                return interrupted;
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        }
    }
}
