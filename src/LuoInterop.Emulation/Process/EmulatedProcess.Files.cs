using System.Globalization;
using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation;

/// <content>The calls that open, close and name files.</content>
public sealed partial class EmulatedProcess
{
    /// <inheritdoc/>
    public override int Open(string path, int flags, uint mode = 0)
    {
        ArgumentNullException.ThrowIfNull(path);
        path = Normalize(path);
        using (Enter(KernelCall.Open, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_system.IsDevice(path) || _system.Files.Owns(path))
            {
                return OpenEmulated(path, flags);
            }

            if (LinkedDescriptor(path) is { } number)
            {
                return OpenLinked(number, flags);
            }

            if ((flags & LibC.O_TRUNC) != 0 && !_system.Inodes.IsEmpty)
            {
                return _system.MemfdCalls.OpenTruncating(path, flags, mode);
            }
        }

        return Linux.Open(path, flags, mode);
    }

    /// <inheritdoc/>
    public override int Close(int fd)
    {
        using (_system.Lock.EnterScope())
        {
            int refusal = -(int)(Meet(KernelCall.Close)?.Errno ?? Errno.None);
            if (!_descriptors.Owns(fd))
            {
                // A host descriptor is the program's own, also when the kernel that gave it is gone.
                int error = Linux.Close(fd);
                return refusal != 0 ? refusal : error;
            }

            try
            {
                int error = _system.HasEnded || _hasExited ? 0 : _descriptors.Close(fd);
                return refusal != 0 ? refusal : error;
            }
            catch (EmulatedKernelPanicException panic)
            {
                _system.Panic(panic);
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public override int ReadDirectory(string path, out string[] names)
    {
        ArgumentNullException.ThrowIfNull(path);
        path = Normalize(path);
        using (Enter(KernelCall.ReadDirectory, out int refusal))
        {
            if (refusal != 0)
            {
                names = [];
                return refusal;
            }

            if (_system.IsDevice(path))
            {
                names = [];
                return _system.FindDevice(path) is null ? Refused.ENOENT : Refused.ENOTDIR;
            }

            if (_system.Files.Owns(path))
            {
                return _system.Files.List(path, out names);
            }
        }

        return Linux.ReadDirectory(path, out names);
    }

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        LiveUpdateHeader.CheckSize(request, argument);
        return TryIoctl(file, request, new UserMemory(argument), out int result) ? result : Linux.Ioctl(file, request, argument);
    }

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, nint argument) =>
        TryIoctl(file, request, new UserMemory(argument), out int result) ? result : Linux.Ioctl(file, request, argument);

    // False for a file of the host's, which answers itself.
    private bool TryIoctl(SafeHandle file, uint request, UserMemory argument, out int result)
    {
        using var descriptor = new DescriptorReference(file);
        return TryIoctl(descriptor.Fd, request, argument, out result);
    }

    /// <summary>Answers ioctl(2) of an emulated file; false for a file of the host's.</summary>
    internal bool TryIoctl(int fd, uint request, UserMemory argument, out int result)
    {
        VcpuFile? vcpu;
        using (Enter(Call(request), out InjectedFault? fault))
        {
            if (fault is { Effect: FaultEffect.Refuse })
            {
                result = -(int)fault.Errno;
                return true;
            }

            argument = fault?.Effect == FaultEffect.FailCopyBack ? argument.ReadOnly() : argument;
            vcpu = TakeVcpu(fd, request);
            if (vcpu is null && _descriptors.Owns(fd))
            {
                result = Ioctl(fd, request, argument);
                return true;
            }
        }

        result = vcpu is null ? 0 : IoctlUnlocked(vcpu, request, argument);
        return vcpu is not null;
    }

    /// <inheritdoc/>
    public override int Fcntl(SafeHandle file, int command, nint argument = 0)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.Fcntl, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return FcntlEmulated(descriptor.Fd, command, argument);
            }

            switch (command)
            {
                case FcntlHeader.F_GET_SEALS:
                    return _system.MemfdCalls.GetSeals(file, descriptor.Fd);
                case FcntlHeader.F_ADD_SEALS:
                    return _system.MemfdCalls.AddSeals(file, descriptor.Fd, argument);
            }
        }

        return Linux.Fcntl(file, command, argument);
    }

    /// <inheritdoc/>
    public override int MemfdCreate(string name, uint flags)
    {
        const uint Execution = MemfdHeader.MFD_EXEC | MemfdHeader.MFD_NOEXEC_SEAL;
        uint known = Execution | LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING | LibC.MFD_HUGETLB;
        ArgumentNullException.ThrowIfNull(name);
        using (Enter(KernelCall.MemfdCreate, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }
        }

        // sanitize_flags() and check_sysctl_memfd_noexec() of mm/memfd.c, with the machine's sysctl in place of the host's.
        uint sizes = (flags & LibC.MFD_HUGETLB) != 0 ? MemfdHeader.MFD_HUGE_MASK << MemfdHeader.MFD_HUGE_SHIFT : 0;
        if ((flags & ~(known | sizes)) != 0 || (flags & Execution) == Execution)
        {
            return Refused.EINVAL;
        }

        if ((flags & Execution) == 0)
        {
            flags |= _system.Options.MemfdNoExec >= 1 ? MemfdHeader.MFD_NOEXEC_SEAL : MemfdHeader.MFD_EXEC;
        }

        if ((flags & MemfdHeader.MFD_NOEXEC_SEAL) == 0 && _system.Options.MemfdNoExec >= 2)
        {
            return Refused.EACCES;
        }

        if ((flags & LibC.MFD_HUGETLB) != 0 && _system.HugeTlb is { } huge)
        {
            using (Enter())
            {
                return huge.Memfds.Create(name, flags);
            }
        }

        return _system.Options.Host.HasExecSeals ? Linux.MemfdCreate(name, flags) : CreateWithoutExecSeals(name, flags);
    }

    /// <inheritdoc/>
    public override int ReadLink(SafeHandle file, out string text)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.ReadLink, out int refusal))
        {
            if (refusal != 0)
            {
                text = "";
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                OpenFile? open = _descriptors.Get(descriptor.Fd);
                text = open?.LinkText ?? "";
                return open is null ? Refused.EBADF : 0;
            }

            return _system.MemfdCalls.ReadLink(file, descriptor.Fd, out text);
        }
    }

    private int Ioctl(int fd, uint request, UserMemory argument)
    {
        try
        {
            return Usable(fd) is { } open ? open.Ioctl(_descriptors, fd, request, argument) : Refused.EBADF;
        }
        catch (EmulatedKernelPanicException panic)
        {
            _system.Panic(panic);
            throw;
        }
    }

    private int FcntlEmulated(int fd, int command, nint argument)
    {
        int settable = LibC.O_APPEND | LibC.O_NONBLOCK | LibC.O_DIRECT | LibC.O_NOATIME;
        if (_descriptors.Get(fd) is not { } open)
        {
            return Refused.EBADF;
        }

        switch (command)
        {
            case FcntlHeader.F_DUPFD or FcntlHeader.F_DUPFD_CLOEXEC:
                int minimum = (int)Math.Clamp(argument, int.MinValue, int.MaxValue);
                return _descriptors.Duplicate(open, minimum, command == FcntlHeader.F_DUPFD_CLOEXEC);
            case FcntlHeader.F_GETFD:
                return _descriptors.IsCloseOnExec(fd) ? LibC.FD_CLOEXEC : 0;
            case FcntlHeader.F_SETFD:
                _descriptors.SetCloseOnExec(fd, (argument & LibC.FD_CLOEXEC) != 0);
                return 0;
            case FcntlHeader.F_GETFL:
                return open.Flags;
            case FcntlHeader.F_SETFL when open is not PathFile:
                open.Flags = (open.Flags & ~settable) | ((int)argument & settable);
                return 0;
            case FcntlHeader.F_ADD_SEALS when open is not PathFile && (open.Flags & LibC.O_ACCMODE) == LibC.O_RDONLY:
                return Refused.EPERM;
            default:
                return open is PathFile ? Refused.EBADF : Refused.EINVAL;
        }
    }

    private int OpenEmulated(string path, int flags)
    {
        bool isDevice = _system.IsDevice(path);
        if (isDevice && _system.FindDevice(path) is null)
        {
            return (flags & LibC.O_CREAT) != 0 ? Refused.EPERM : Refused.ENOENT;
        }

        int fd = _descriptors.Reserve();
        if (fd < 0)
        {
            return fd;
        }

        try
        {
            int error = Open(path, flags, isDevice, out OpenFile? file);
            if (error != 0)
            {
                _descriptors.Cancel(fd);
                return error;
            }

            int number = _descriptors.Install(fd, file!, (flags & LibC.O_CLOEXEC) != 0);
            if (number < 0)
            {
                _descriptors.Cancel(fd);
            }

            return number;
        }
        catch (EmulatedKernelPanicException panic)
        {
            _system.Panic(panic);
            throw;
        }
    }

    private int Open(string path, int flags, bool isDevice, out OpenFile? file)
    {
        if ((flags & LibC.O_PATH) != 0)
        {
            OpenFile? node = null;
            int error = isDevice ? 0 : _system.Files.Open(path, LibC.O_RDONLY, out node);
            file = error == 0 ? new PathFile(path, node?.Status() ?? _system.FindDevice(path)!.Status()) : null;
            return error;
        }

        if (!isDevice)
        {
            return _system.Files.Open(path, flags, out file);
        }

        file = null;
        return (flags & (LibC.O_CREAT | LibC.O_EXCL)) == (LibC.O_CREAT | LibC.O_EXCL) ? Refused.EEXIST
            : (flags & LibC.O_DIRECTORY) != 0 ? Refused.ENOTDIR
            : _system.FindDevice(path)!.Open(flags, out file);
    }

    // Opens /proc/self/fd/N of an emulated descriptor: the device once more, and an anonymous inode as a mere place only.
    private int OpenLinked(int fd, int flags)
    {
        if (_descriptors.Get(fd) is not { } open)
        {
            return Refused.ENOENT;
        }

        if (open.HasPath)
        {
            return OpenEmulated(open.LinkText, flags);
        }

        if ((flags & LibC.O_PATH) == 0)
        {
            return Refused.ENXIO;
        }

        int place = _descriptors.Reserve();
        if (place >= 0)
        {
            place = _descriptors.Install(place, new PathFile(open.LinkText, open.Status()), (flags & LibC.O_CLOEXEC) != 0);
        }

        return place;
    }

    private int? LinkedDescriptor(string path)
    {
        const string Folder = "/proc/self/fd/";
        return path.StartsWith(Folder, StringComparison.Ordinal)
            && int.TryParse(path.AsSpan(Folder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int fd)
            && _descriptors.Owns(fd)
                ? fd
                : null;
    }

    // A trailing or doubled slash leads to the same file.
    private static string Normalize(string path)
    {
        while (path.Contains("//", StringComparison.Ordinal))
        {
            path = path.Replace("//", "/", StringComparison.Ordinal);
        }

        return path.Length > 1 ? path.TrimEnd('/') : path;
    }

    // What a call other than close, dup and fstat takes: O_PATH has no file behind it.
    private OpenFile? Usable(int fd) => _descriptors.Get(fd) is { } open and not PathFile ? open : null;
}
